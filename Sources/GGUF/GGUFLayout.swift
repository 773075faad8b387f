import Tensors

/// The place of every byte in a GGUF file that is not written yet.
///
/// With all offsets known first, several threads can write tensors in any order and still produce the same file.
public struct GGUFLayout: Sendable {
    /// The tensors in the order of the file.
    public let tensors: [GGUFTensor]
    /// The offset of each tensor's data from the start of the file, in the order of `tensors`.
    public let offsets: [Int]
    /// The header, metadata and tensor table, padded to the start of the data.
    public let headerBytes: [UInt8]
    /// The length of the whole file in bytes, including the padding after the last tensor.
    public let byteCount: Int

    /// The default alignment of tensors.
    public static let defaultAlignment = 32

    /// - Parameter alignment: tensors begin at multiples of this, a power of two.
    public init(metadata: Metadata, tensors: [GGUFTensor], alignment: Int = defaultAlignment) {
        var header = HeaderBuilder()
        header.append(GGUFHeader.magic)
        header.append(UInt32(3))
        header.append(UInt64(tensors.count))
        header.append(UInt64(metadata.count))
        for (key, value) in metadata.pairs {
            header.append(key)
            header.append(value)
        }
        var relative: [Int] = []
        var end = 0
        for tensor in tensors {
            relative.append(end)
            header.append(tensor.name)
            header.append(UInt32(tensor.shape.dimensions.count))
            for dimension in tensor.shape.dimensions { header.append(UInt64(dimension)) }
            header.append(tensor.type.rawValue)
            header.append(UInt64(end))
            end += tensor.byteCount
            end += end.padding(to: alignment)
        }
        header.pad(to: alignment)
        let dataStart = header.bytes.count
        self.tensors = tensors
        self.headerBytes = header.bytes
        self.offsets = relative.map { dataStart + $0 }
        self.byteCount = dataStart + end
    }
}
