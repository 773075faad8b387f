import BinaryIO
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct TypeAssignmentFileTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func read(_ text: String) throws -> TypeAssignment {
        try TypeAssignment(path: folder.write(text, to: "types.txt"))
    }

    @Test func whatIsWrittenIsBoundToWholeNamesAndReadBack() throws {
        let assignment = TypeAssignment([
            "blk.10.ffn_up.weight": .iq4_xs, "blk.2.ffn_up.weight": .q4_K, "output.weight": .q8_0,
        ])
        let path = folder.path.appending("types.txt")
        try assignment.write(to: path)
        #expect(
            try String(decoding: readFile(path, limit: 1 << 10), as: UTF8.self) == """
                ^output.weight$=q8_0
                ^blk.2.ffn_up.weight$=q4_k
                ^blk.10.ffn_up.weight$=iq4_xs

                """
        )
        #expect(try TypeAssignment(path: path) == assignment)
    }

    @Test func namesMayBeBoundOrNotAndStandOnOneLine() throws {
        let found = try read("output.weight=Q8_0 ^blk\\.0\\.ffn_up\\.weight$=q4_0\r\n\n\tblk.0.attn_v.weight=F16")
        let expected: [String: TensorType] = [
            "output.weight": .q8_0, "blk.0.ffn_up.weight": .q4_0, "blk.0.attn_v.weight": .f16,
        ]
        #expect(found.types == expected)
        #expect(found["output.weight"] == .q8_0 && found["other"] == nil)
        #expect(try read("\n").types.isEmpty)
    }

    @Test(
        arguments: [
            ("a=q8_0\n\nb", 3, "'b' is not TENSOR=TYPE"), ("=q8_0", 1, "'=q8_0' is not TENSOR=TYPE"),
            ("a=q8_0\nb=q9_0", 2, "unknown tensor type 'q9_0'. Did you mean"), ("a=", 1, "unknown tensor type ''"),
            ("a=q8_1", 1, "unknown tensor type 'q8_1'"), ("a=q8_0\nb=q4_0\na=q4_0", 3, "type from line 1 already"),
            ("ffn_(up|down)=q4_0", 1, "is a pattern"), ("^output=q4_0", 1, "is a pattern"),
            ("\\d+=q4_0", 1, "is a pattern"), ("^$=q4_0", 1, "is a pattern"),
        ]
    )
    func anEntryThatIsWrongIsNamedByItsLine(_ text: String, _ line: Int, _ reason: String) throws {
        let error = #expect(throws: QuantizationError.self) { _ = try read(text) }
        let message = try #require(error).description
        #expect(message.hasPrefix("\(folder.path.appending("types.txt")):\(line): "))
        #expect(message.contains(reason), "\(message)")
    }

    @Test func bytesThatAreNoTextAreRefused() throws {
        let path = try folder.write([0xff, 0xfe], to: "types.txt")
        let error = #expect(throws: QuantizationError.self) { _ = try TypeAssignment(path: path) }
        #expect(error?.description.contains("UTF-8") == true)
    }
}
