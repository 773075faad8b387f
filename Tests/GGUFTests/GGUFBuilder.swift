import TestSupport

/// A GGUF file under construction, every field of which can lie.
struct GGUFBuilder {
    struct Tensor {
        var name: [UInt8]
        var dimensions: [UInt64]
        var type: UInt32
        var offset: UInt64
        var dimensionCount: UInt32?

        init(_ name: String, _ dimensions: [UInt64], type: UInt32, offset: UInt64) {
            self.name = Array(name.utf8)
            self.dimensions = dimensions
            self.type = type
            self.offset = offset
        }
    }

    var magic = Array("GGUF".utf8)
    var version: UInt32 = 3
    var tensorCount: UInt64?
    var pairCount: UInt64?
    /// Each with its key, type code and value.
    var pairs: [LittleEndianBytes] = []
    var tensors: [Tensor] = []
    var alignment = 32
    /// Bytes of the data section.
    var dataByteCount = 0

    /// Everything before the data section, without padding.
    var header: [UInt8] {
        var header = LittleEndianBytes(magic)
        header.append(version)
        header.append(tensorCount ?? UInt64(tensors.count))
        header.append(pairCount ?? UInt64(pairs.count))
        for pair in pairs { header.bytes += pair.bytes }
        for tensor in tensors {
            header.append(counted: tensor.name)
            header.append(tensor.dimensionCount ?? UInt32(tensor.dimensions.count))
            for dimension in tensor.dimensions { header.append(dimension) }
            header.append(tensor.type)
            header.append(tensor.offset)
        }
        return header.bytes
    }

    var file: [UInt8] {
        var file = LittleEndianBytes(header)
        file.pad(to: alignment)
        return file.bytes + (0..<dataByteCount).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    }

    mutating func addPair(_ key: String, type: UInt32, _ value: (inout LittleEndianBytes) -> Void) {
        addPair(Array(key.utf8), type: type, value)
    }

    mutating func addPair(_ key: [UInt8], type: UInt32, _ value: (inout LittleEndianBytes) -> Void) {
        var pair = LittleEndianBytes()
        pair.append(counted: key)
        pair.append(type)
        value(&pair)
        pairs.append(pair)
    }

    mutating func addArray(_ key: String, element: UInt32, count: UInt64, _ elements: (inout LittleEndianBytes) -> Void)
    {
        addPair(key, type: 9) { pair in
            pair.append(element)
            pair.append(count)
            elements(&pair)
        }
    }

    /// A small sound file with a string, numbers, arrays, and three tensors of three types.
    static var sound: GGUFBuilder {
        var builder = GGUFBuilder()
        builder.addPair("general.architecture", type: 8) { $0.append(counted: "test") }
        builder.addPair("test.block_count", type: 4) { $0.append(UInt32(2)) }
        builder.addPair("test.flag", type: 7) { $0.append(UInt8(1)) }
        builder.addArray("test.words", element: 8, count: 2) { pair in
            pair.append(counted: "one")
            pair.append(counted: "zwölf")
        }
        builder.addArray("test.numbers", element: 10, count: 1) { $0.append(UInt64.max) }
        builder.tensors = [
            Tensor("a.weight", [4, 2], type: 0, offset: 0),
            Tensor("b.weight", [32, 2], type: 2, offset: 32),
            Tensor("c.bias", [3], type: 1, offset: 96),
        ]
        builder.dataByteCount = 102
        return builder
    }
}
