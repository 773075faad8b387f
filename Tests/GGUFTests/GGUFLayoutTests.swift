import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct GGUFLayoutTests {
    static let alignments = [8, 16, 32, 64, 128, 4096]

    static func tensor(_ name: String, _ type: TensorType, _ dimensions: [Int]) throws -> GGUFTensor {
        let shape = try #require(TensorShape(dimensions))
        return try #require(GGUFTensor(name: name, type: type, shape: shape))
    }

    /// The bytes of a header, written out by hand from the specification.
    @Test func theBytesAreTheSpecifications() throws {
        var metadata = Metadata()
        metadata.set("k", .uint16(7))
        let layout = GGUFLayout(metadata: metadata, tensors: [try Self.tensor("t", .f16, [3, 2])])
        var expected = LittleEndianBytes("GGUF".utf8)
        expected.append(UInt32(3))
        expected.append(UInt64(1))  // tensors
        expected.append(UInt64(1))  // pairs
        expected.append(counted: "k")
        expected.append(UInt32(2))  // u16
        expected.append(UInt16(7))
        expected.append(counted: "t")
        expected.append(UInt32(2))  // dimensions
        expected.append(UInt64(3))
        expected.append(UInt64(2))
        expected.append(UInt32(1))  // f16
        expected.append(UInt64(0))  // offset
        expected.pad(to: 32)
        #expect(layout.headerBytes == expected.bytes)
        #expect(layout.offsets == [expected.bytes.count] && layout.byteCount == expected.bytes.count + 32)
    }

    /// Each tensor begins at the first multiple of the alignment behind the one before, and the file ends at one.
    @Test(arguments: alignments)
    func tensorsStandAsCloseAsTheAlignmentAllows(_ alignment: Int) throws {
        var random = SeededRandom.printed()
        let scratch = try ScratchFolder()
        for _ in 0..<50 {
            let tensors = try (0..<Int.random(in: 0..<8, using: &random)).map { index in
                let type = [TensorType.f32, .f16, .i8, .q4_0, .q8_0, .q6_K].randomElement(using: &random) ?? .f32
                let row = type.block.elements * Int.random(in: 1...5, using: &random)
                return try Self.tensor("t\(index)", type, [row, Int.random(in: 1...4, using: &random)])
            }
            var metadata = Metadata()
            metadata.set("general.alignment", .uint32(UInt32(alignment)))
            metadata.set("filler", .string(String(repeating: "x", count: Int.random(in: 0..<99, using: &random))))
            let layout = GGUFLayout(metadata: metadata, tensors: tensors, alignment: alignment)
            var end = layout.headerBytes.count
            for (tensor, offset) in zip(tensors, layout.offsets) {
                #expect(offset.isMultiple(of: alignment) && (end..<(end + alignment)).contains(offset))
                end = offset + tensor.byteCount
            }
            #expect(layout.headerBytes.count.isMultiple(of: alignment) && layout.byteCount.isMultiple(of: alignment))
            #expect((end..<(end + alignment)).contains(layout.byteCount))
            let bytes = layout.headerBytes + [UInt8](repeating: 0, count: layout.byteCount - layout.headerBytes.count)
            let file = try GGUFFile(path: scratch.write(bytes, to: "a.gguf"))
            #expect(file.tensors == tensors && file.offsets == layout.offsets && file.alignment == alignment)
        }
    }

    @Test(arguments: [1, 8, 32, 100])
    func paddingIsTheLeastThatReachesAMultiple(_ alignment: Int) {
        for count in 0...(3 * alignment) {
            let padding = count.padding(to: alignment)
            #expect((0..<alignment).contains(padding) && (count + padding).isMultiple(of: alignment))
        }
    }
}
