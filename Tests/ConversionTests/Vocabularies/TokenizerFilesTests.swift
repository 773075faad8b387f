import Conversion
import GGUF
import TestSupport
import Testing

/// What is read from files besides tokenizer.json.
@Suite struct TokenizerFilesTests {
    private func convert(_ files: [String: String]) throws -> Metadata {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.files = files.mapValues { Array($0.utf8) }
        return try Conversions().convert(checkpoint).metadata
    }

    private static let older = [
        "vocab.json": #"{"a":0,"b":1,"ab":2}"#, "merges.txt": "#version: 0.2\na b\n\nno pair at all\n# b\n",
    ]

    @Test func vocabularyAndMergesMayBeInFilesOfTheirOwn() throws {
        let metadata = try convert(Self.older)
        #expect(try metadata.string("tokenizer.ggml.pre") == "gpt-2")
        #expect(try metadata.strings("tokenizer.ggml.tokens") == ["a", "b", "ab", "[PAD3]"])
        #expect(try metadata.strings("tokenizer.ggml.merges") == ["a b", "# b"])
    }

    @Test func tokensAddedToThemAreListedInOneOfTwoPlaces() throws {
        let listed = #"""
            {"tokenizer_class":"Qwen2Tokenizer","added_tokens_decoder":{"3":{"content":"<x>","special":true}}}
            """#
        let metadata = try convert(Self.older.merging(["tokenizer_config.json": listed]) { $1 })
        #expect(try metadata.string("tokenizer.ggml.pre") == "qwen2")
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [1, 1, 1, 3])
        let own = try convert(Self.older.merging(["added_tokens.json": #"{"<y>":3}"#]) { $1 })
        #expect(try own.strings("tokenizer.ggml.tokens")?.last == "<y>")
        #expect(try own.integers("tokenizer.ggml.token_type")?.last == 4)
    }

    @Test func aClassWhoseRuleIsNotKnownIsTold() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.files = Self.older.mapValues { Array($0.utf8) }
        checkpoint.files["tokenizer_config.json"] = Array(#"{"tokenizer_class":"OddTokenizer"}"#.utf8)
        guard case .unknownPreTokenizer(let description, _) = try Conversions().problem(checkpoint) else {
            Issue.record("accepted")
            return
        }
        #expect(description == "what the class OddTokenizer does")
    }

    private static let tokenizer = #"""
        {"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"pre_tokenizer":{"type":"ByteLevel"}}
        """#

    @Test(
        arguments: [
            (["tokenizer_config.json": #"{"chat_template":"S"}"#, "chat_template.jinja": "J"], "S", []),
            (["chat_template.jinja": "J", "chat_template.json": #"{"chat_template":"C"}"#], "J", []),
            (["chat_template.json": #"{"chat_template":"C"}"#], "C", []),
            (
                [
                    "chat_template.jinja": "J", "additional_chat_templates/tool use.jinja": "U",
                    "additional_chat_templates/rag.jinja": "U", "additional_chat_templates/notes.txt": "N",
                ], "J", ["rag", "tool_use"]
            ),
            // The list in tokenizer_config.json is in the order of its own; that of the names is sorted.
            (
                ["chat_template.json": #"{"chat_template":[{"name":"z","template":"U"},{"name":"b","template":"U"}]}"#],
                nil, ["b", "z"]
            ),
            (["tokenizer_config.json": #"{"chat_template":null}"#, "chat_template.jinja": "J"], "J", []),
            (["tokenizer_config.json": #"{"chat_template":null}"#], nil, []),
        ] as [([String: String], String?, [String])]
    )
    func theFirstPlaceWithChatTemplatesCounts(_ files: [String: String], _ standard: String?, _ names: [String]) throws
    {
        var files = files
        files["tokenizer.json"] = Self.tokenizer
        files["tokenizer_config.json", default: "{}"] += ""
        let metadata = try convert(files)
        #expect(try metadata.string("tokenizer.chat_template") == standard)
        #expect(try metadata.strings("tokenizer.chat_templates") ?? [] == names)
        for name in names { #expect(try metadata.string("tokenizer.chat_template.\(name)") == "U") }
    }

    @Test(
        arguments: [
            (#"{"type":"Lowercase"}"#, true, nil), (#"{"type":"NFC"}"#, nil, nil),
            (#"{"type":"BertNormalizer","lowercase":false,"strip_accents":null}"#, false, nil),
            (#"{"type":"Sequence","normalizers":[{"type":"StripAccents"},{"type":"Lowercase"}]}"#, true, true),
        ] as [(String, Bool?, Bool?)]
    )
    func normalizersThatGGUFHasKeysForAreWritten(_ normalizer: String, _ lowercase: Bool?, _ strips: Bool?) throws {
        let text = Self.tokenizer.dropLast() + #","normalizer":\#(normalizer)}"#
        let metadata = try convert(["tokenizer.json": String(text)])
        #expect(try metadata.bool("tokenizer.ggml.normalizer.lowercase") == lowercase)
        #expect(try metadata.bool("tokenizer.ggml.normalizer.strip_accents") == strips)
    }
}
