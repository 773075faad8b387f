import Conversion
import GGUF
import SystemPackage
import TestSupport
import Testing

/// The vocabularies that reach the file, and what is wrong with those that do not.
@Suite struct VocabularyTests {
    private let conversions: Conversions

    init() throws { conversions = try Conversions() }

    private func llama(tokenizer: String, settings: String = "{}") -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.files["tokenizer.json"] = Array(tokenizer.utf8)
        checkpoint.files["tokenizer_config.json"] = Array(settings.utf8)
        return checkpoint
    }

    private func tokenizer(
        vocabulary: String = #"{"a":0,"b":1,"ab":2}"#,
        merges: String = #"["a b"]"#,
        added: String = "[]",
        pre: String = #"{"type":"ByteLevel"}"#
    ) -> String {
        #"{"model":{"vocab":\#(vocabulary),"merges":\#(merges)},"pre_tokenizer":\#(pre),"added_tokens":\#(added)}"#
    }

    @Test func aByteLevelVocabularyIsWrittenWithItsMergesAndSpecialTokens() throws {
        let metadata = try conversions.convert(.llama()).metadata
        #expect(try metadata.string("tokenizer.ggml.model") == "gpt2")
        #expect(try metadata.string("tokenizer.ggml.pre") == "gpt-2")
        #expect(try metadata.strings("tokenizer.ggml.tokens") == ["a", "b", "ab", "<|end|>"])
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [1, 1, 1, 3])
        #expect(try metadata.strings("tokenizer.ggml.merges") == ["a b"])
        #expect(try metadata.integer("tokenizer.ggml.eos_token_id") == 3)
    }

    @Test func tokensThatTheWeightsHaveButNoFileNamesArePadding() throws {
        let metadata = try conversions.convert(llama(tokenizer: tokenizer())).metadata
        #expect(try metadata.strings("tokenizer.ggml.tokens") == ["a", "b", "ab", "[PAD3]"])
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [1, 1, 1, 5])
    }

    @Test func mergesMayBePairsAndSpacesInThemAreSpelledOut() throws {
        let checkpoint = llama(tokenizer: tokenizer(merges: #"[["a","b"],["a b","b"]]"#))
        let metadata = try conversions.convert(checkpoint).metadata
        #expect(try metadata.strings("tokenizer.ggml.merges") == ["a b", "a\u{120}b b"])
    }

    @Test(arguments: [
        (#"{"a":0,"b":4}"#, "[]", "it has a token 4, but config.json says 'vocab_size' 4"),
        (
            #"{"a":0}"#, #"[{"content":"x","id":2},{"content":"y","id":2}]"#,
            "its added tokens 'x' and 'y' have the same id 2"
        ),
        (#"{"a":-1}"#, "[]", "the token 'a' has no id"), (#"{"a":"0"}"#, "[]", "the token 'a' has no id"),
        (#"{"a":0,"b":0}"#, "[]", "two of its tokens have the id 0"),
        (#"{"a":0,"b":1}"#, #"[{"content":"a","id":2}]"#, "its tokens 0 and 2 are both 'a'"),
        (#"{"a":0}"#, #"[{"content":"x"}]"#, "an added token has no text or no id"),
        (#"{"a":0}"#, #"[{"content":"x","id":-3}]"#, "an added token has no text or no id"),
    ])
    func idsThatTheWeightsHaveNoRowForAreRefused(_ vocabulary: String, _ added: String, _ reason: String) throws {
        let checkpoint = llama(tokenizer: tokenizer(vocabulary: vocabulary, added: added))
        #expect(try conversions.problem(checkpoint) == .invalidVocabulary(file: "tokenizer.json", reason: reason))
    }

    @Test func twoAddedTokensOfPiecesCannotShareAnID() throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.files["added_tokens.json"] = Array(#"{"<a>":3071,"<b>":3071}"#.utf8)
        let reason = "its added tokens '<a>' and '<b>' have the same id 3071"
        #expect(try conversions.problem(checkpoint) == .invalidVocabulary(file: "added_tokens.json", reason: reason))
    }

    @Test func anAddedTokenWithoutARowIsRefusedByItsText() throws {
        let checkpoint = llama(tokenizer: tokenizer(added: #"[{"content":"<x>","id":9}]"#))
        #expect(
            try conversions.problem(checkpoint)
                == .tokenBeyondVocabulary(file: "tokenizer.json", token: "<x>", id: 9, count: 4)
        )
    }

    @Test(arguments: [#"[1]"#, #"[["a"]]"#, #"[["a","b","c"]]"#])
    func mergesThatAreNoPairsAreRefused(_ merges: String) throws {
        #expect(
            try conversions.problem(llama(tokenizer: tokenizer(merges: merges)))
                == .invalidVocabulary(file: "tokenizer.json", reason: "a merge is not a pair of texts")
        )
    }

    @Test(arguments: [
        (#"{"type":"Whitespace"}"#, "a step of type 'Whitespace'"), ("null", "a step of type 'none'"),
        (#"{"pretokenizers":[{"type":"Split","pattern":{"String":" "}}]}"#, "a split by a fixed text"),
        (
            #"{"pretokenizers":[{"type":"Split","pattern":{"Regex":"x+"}},{"type":"ByteLevel","use_regex":false}]}"#,
            "x+"
        ),
        (
            #"{"pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"Split","pattern":{"Regex":"y"}}]}"#,
            "single digits  then  y"
        ),
        (#"{"type":"ByteLevel","use_regex":false}"#, "no rule at all"),
    ])
    func aSplittingRuleThatIsNotKnownIsToldAndCanBeNamed(_ pre: String, _ description: String) throws {
        let checkpoint = llama(tokenizer: tokenizer(pre: pre))
        guard case .unknownPreTokenizer(description, let nearest) = try conversions.problem(checkpoint) else {
            Issue.record("not told: \(description)")
            return
        }
        #expect(nearest.count == 2)
        let folder = try HuggingFaceFolder(path: conversions.folder.path.appending("model"))
        let error = #expect(throws: ConversionError.self) {
            _ = try ConversionPlan(folder, options: ConversionOptions(preTokenizer: "llama_bpe"))
        }
        guard case .unknownPreTokenizerName("llama_bpe", let nearest) = error?.problem else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(nearest.first == "llama-bpe")
        let plan = try ConversionPlan(folder, options: ConversionOptions(preTokenizer: "llama-bpe"))
        #expect(try plan.metadata.string("tokenizer.ggml.pre") == "llama-bpe")
    }

    @Test func aFineTuneWithMoreTokensHasTheSameRule() throws {
        let expression =
            #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"#
            + #"|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"#
        let pre = #"{"type":"Split","pattern":{"Regex":"\#(expression)"},"behavior":"BEHAVIOR","invert":INVERT}"#
        func name(_ behavior: String, _ invert: Bool, model: String = "") throws -> String? {
            let pre = pre.replacing("BEHAVIOR", with: behavior).replacing("INVERT", with: "\(invert)")
            let text = tokenizer(pre: pre).replacing(#"{"vocab""#, with: #"{\#(model)"vocab""#)
            return try conversions.convert(llama(tokenizer: text)).metadata.string("tokenizer.ggml.pre")
        }
        #expect(try name("Isolated", false) == "llama-bpe")
        #expect(try name("Removed", true) == "llama-bpe")
        #expect(try name("Isolated", false, model: #""ignore_merges":true,"#) == "llama-bpe")
        // The same expression, where merges decide about every word.
        #expect(try name("Isolated", false, model: #""ignore_merges":false,"#) == "smaug-bpe")
    }

    @Test func aVocabularyIsCutToTheRowsOfTheWeights() throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.config["vocab_size"] = "100"
        checkpoint.config["eos_token_id"] = "100"
        checkpoint.config["bos_token_id"] = "99"
        let metadata = try conversions.convert(checkpoint).metadata
        #expect(try metadata.strings("tokenizer.ggml.tokens")?.count == 100)
        #expect(try metadata.floats("tokenizer.ggml.scores")?.count == 100)
        #expect(metadata["tokenizer.ggml.eos_token_id"] == nil)
        #expect(try metadata.integer("tokenizer.ggml.bos_token_id") == 99)
    }

    @Test func aVocabularyOfBillionsIsRefusedBeforeItIsMade() throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.config["vocab_size"] = "4000000000"
        #expect(
            try conversions.problem(checkpoint)
                == .invalidValue(file: "config.json", key: "vocab_size", expected: "2^24 or less")
        )
    }

    @Test func aModelWithoutTokenizerIsRefused() throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.files["tokenizer.model"] = nil
        #expect(try conversions.problem(checkpoint) == .missingFile("tokenizer.model"))
        var llama = SmallCheckpoint.llama()
        llama.files["tokenizer.json"] = nil
        #expect(try conversions.problem(llama) == .missingFile("tokenizer.json"))
    }

    @Test(
        arguments: [
            (#"{"chat_template":"T"}"#, "T", []),
            (
                #"{"chat_template":[{"name":"tool use","template":"U"},{"name":"default","template":"D"}]}"#, "D",
                ["tool_use"]
            ),
            ("{}", nil, []),
        ] as [(String, String?, [String])]
    )
    func chatTemplatesAreWrittenByName(_ settings: String, _ standard: String?, _ named: [String]) throws {
        let metadata = try conversions.convert(llama(tokenizer: tokenizer(), settings: settings)).metadata
        #expect(try metadata.string("tokenizer.chat_template") == standard)
        #expect(try metadata.strings("tokenizer.chat_templates") ?? [] == named)
        for name in named { #expect(try metadata.string("tokenizer.chat_template.\(name)") == "U") }
    }
}
