import BinaryIO
import Conversion
import GGUF
import SystemPackage
import TestSupport
import Testing

@Suite struct ModelCardTests {
    /// What the reference makes of cards; see scripts/model-card-goldens.py.
    @Test func whatACardSaysIsWrittenAsTheReferenceDoes() throws {
        let path = Goldens.packageRoot.appending("Tests/Goldens/model-cards.json")
        let golden = try JSONValue(parsing: readFile(path, limit: 1 << 20))
        let parameters = try #require(golden["parameters"]?.integer)
        for example in try #require(golden["cases"]?.array) {
            let naming = ModelNaming("some-model-5M-chat", parameterCount: parameters)
            var metadata = Metadata()
            let card = ModelCard(try #require(example["card"]?.string))
            GeneralMetadata.describe(card, [naming], parameters, sizeLabel: "none", to: &metadata)
            var expected: [String] = []
            for entry in try #require(example["metadata"]?.array) {
                let pair = try #require(entry.array)
                let (key, value) = (try #require(pair[0].string), try #require(Self.value(pair[1])))
                expected.append("\(key) \(value)")
            }
            let name = try #require(example["name"]?.string)
            #expect(metadata.pairs.map { "\($0.key) \($0.value)" } == expected, "\(name)")
        }
    }

    private static func value(_ json: JSONValue) -> MetadataValue? {
        if let number = json.integer { return .uint32(UInt32(number)) }
        if let text = json.string { return .string(text) }
        return json.array.map { .array(.string($0.compactMap(\.string))) }
    }

    @Test(arguments: [
        "license: [", "a: b: c", "- list", "\u{0}",
        // Copies of copies: two to the power of nine texts.
        "a0: &a0 [x, x]\n" + (1...9).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined() + "license: *a9",
        "license: \"\\xZ\"",
        String(repeating: "[", count: 100_000), "license: mit\nlicense: mit",
    ])
    func aCardThatCannotBeReadSaysNothing(_ yaml: String) {
        #expect(ModelCard("---\n\(yaml)\n---\n") == nil)
    }

    @Test func anAnchorStandsForWhatItNames() throws {
        let yaml = "---\nlicense: &name mit\nlicense_name: *name\nbase: &base {license_link: here}\n<<: *base\n---\n"
        let card = try #require(ModelCard(yaml))
        #expect(card.text("license") == "mit" && card.text("license_name") == "mit")
        #expect(card.text("license_link") == "here")
    }
}
