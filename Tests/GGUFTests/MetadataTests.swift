import GGUF
import SystemPackage
import TestSupport
import Testing

@Suite struct MetadataTests {
    static let everyType: [MetadataValue] = [
        .uint8(.max), .int8(.min), .uint16(.max), .int16(.min), .uint32(.max), .int32(.min), .float32(-0.1),
        .bool(true),
        .bool(false), .string(""), .string("é\0🜁"), .uint64(.max), .int64(.min), .float64(.leastNonzeroMagnitude),
        .array(.uint8([0, 255])), .array(.int8([-128, 127])), .array(.uint16([.max])), .array(.int16([.min])),
        .array(.uint32([.max, 0])), .array(.int32([.min])), .array(.float32([.infinity, -0.0])),
        .array(.bool([true, false])),
        .array(.string(["", "a", "ß"])), .array(.uint64([.max])), .array(.int64([.min])), .array(.float64([.pi])),
        .array(.string([])), .array(.float64([])),
    ]

    private static func reread(_ metadata: Metadata) throws -> Metadata {
        let scratch = try ScratchFolder()
        let layout = GGUFLayout(metadata: metadata, tensors: [])
        return try GGUFFile(path: scratch.write(layout.headerBytes, to: "a.gguf")).metadata
    }

    @Test func valuesOfEveryTypeSurviveTheFileInOrder() throws {
        var metadata = Metadata()
        for (index, value) in Self.everyType.enumerated() { metadata.set("key.\(index)", value) }
        let read = try Self.reread(metadata)
        #expect(read == metadata && read.pairs.map(\.key) == metadata.pairs.map(\.key))
    }

    @Test func notANumberSurvivesToTheBit() throws {
        var metadata = Metadata()
        metadata.set("nan", .float32(Float(bitPattern: 0x7fc1_2345)))
        guard case .float32(let value) = try Self.reread(metadata)["nan"] else { throw GGUFProblem.missingKey("nan") }
        #expect(value.bitPattern == 0x7fc1_2345)
    }

    @Test func aKeyThatIsSetAgainKeepsItsPlaceUnlessMoved() {
        var metadata = Metadata()
        for key in ["a", "b", "c"] { metadata.set(key, .bool(false)) }
        metadata.set("a", .bool(true))
        #expect(metadata.pairs.map(\.key) == ["a", "b", "c"] && metadata["a"] == .bool(true))
        metadata.moveToEnd("a", .int8(1))
        metadata.moveToEnd("d", .int8(2))
        metadata.remove("b")
        #expect(metadata.pairs.map(\.key) == ["c", "a", "d"] && metadata.count == 3)
    }

    @Test(arguments: everyType)
    func wholeNumbersAreReadFromAnyWidthThatFits(_ value: MetadataValue) throws {
        var metadata = Metadata()
        metadata.set("key", value)
        let expected: Int? =
            switch value {
            case .uint8: 255
            case .int8: -128
            case .uint16: 65_535
            case .int16: -32_768
            case .uint32: 4_294_967_295
            case .int32: -2_147_483_648
            case .int64: .min
            default: nil
            }
        if let expected {
            #expect(try metadata.integer("key") == expected)
        } else {
            let problem = GGUFProblem.wrongValueType(key: "key", expected: "a whole number", found: value.typeName)
            #expect(throws: problem) { try metadata.integer("key") }
        }
    }

    @Test func aValueOfAnotherTypeIsAnErrorAndAMissingOneIsNone() throws {
        var metadata = Metadata()
        metadata.set("text", .string("x"))
        metadata.set("numbers", .array(.int16([1, -2])))
        metadata.set("big", .array(.uint64([.max])))
        metadata.set("floats", .array(.float32([1.5])))
        metadata.set("double", .float64(0.5))
        #expect(try metadata.string("text") == "x")
        #expect(try metadata.integers("numbers") == [1, -2])
        #expect(try metadata.floats("floats") == [1.5])
        #expect(try metadata.float("double") == 0.5)
        #expect(try metadata.bool("absent") == nil)
        func refusal(_ expected: String, _ key: String, _ found: String) -> GGUFProblem {
            .wrongValueType(key: key, expected: expected, found: found)
        }
        #expect(throws: refusal("a boolean", "text", "string")) { try metadata.bool("text") }
        #expect(throws: refusal("a number", "text", "string")) { try metadata.float("text") }
        #expect(throws: refusal("a string", "double", "float64")) { try metadata.string("double") }
        #expect(throws: refusal("an array of strings", "numbers", "array of int16")) { try metadata.strings("numbers") }
        #expect(throws: refusal("an array of numbers", "numbers", "array of int16")) { try metadata.floats("numbers") }
        #expect(throws: refusal("an array of whole numbers", "big", "array of uint64")) { try metadata.integers("big") }
    }
}
