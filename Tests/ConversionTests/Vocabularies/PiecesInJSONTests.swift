import Conversion
import GGUF
import TestSupport
import Testing

/// SentencePiece vocabularies in the form of tokenizer.json, for Llama's kin.
@Suite struct PiecesInJSONTests {
    private static func checkpoint(
        vocabulary: String,
        merges: String = "[]",
        fallsBack: Bool = true
    ) -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint.llama()
        let tokenizer = """
            {"model":{"type":"BPE","byte_fallback":\(fallsBack),"vocab":\(vocabulary),"merges":\(merges)},
             "decoder":{"type":"Sequence"},"pre_tokenizer":null,
             "added_tokens":[{"id":0,"content":"<s>","special":true},{"id":3,"content":"<tool>","special":true}]}
            """
        checkpoint.files["tokenizer.json"] = Array(tokenizer.utf8)
        checkpoint.files["tokenizer_config.json"] = Array(#"{"bos_token":"<s>","add_prefix_space":true}"#.utf8)
        return checkpoint
    }

    @Test func piecesBytesAndAddedTokensAreTold() throws {
        let metadata = try Conversions().convert(Self.checkpoint(vocabulary: #"{"<s>":0,"<0x0A>":1,"▁a":2}"#)).metadata
        #expect(try metadata.string("tokenizer.ggml.model") == "llama")
        #expect(try metadata.strings("tokenizer.ggml.tokens") == ["<s>", "<0x0A>", "▁a", "<tool>"])
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [3, 6, 1, 4])
        #expect(metadata["tokenizer.ggml.scores"] == .array(.float32([0, 0, -0.0, -1000])))
        #expect(metadata["tokenizer.ggml.add_space_prefix"] == .bool(true))
        #expect(metadata["tokenizer.ggml.bos_token_id"] == .uint32(0))
    }

    @Test(arguments: [
        (#"{"<s>":0,"a":2}"#, "ids of its tokens have gaps"), (#"{"<s>":0,"a":-1}"#, "ids of its tokens have gaps"),
        (#"{"<s>":0,"a":0}"#, "two of its tokens have one id"),
    ])
    func idsThatAreNoListAreRefused(_ vocabulary: String, _ reason: String) throws {
        #expect(
            try Conversions().problem(Self.checkpoint(vocabulary: vocabulary))
                == .invalidVocabulary(file: "tokenizer.json", reason: reason)
        )
    }

    @Test func scoresFollowTheOrderOfTheMerges() throws {
        var checkpoint = Self.checkpoint(
            vocabulary: #"{"<s>":0,"a":1,"b":2,"<tool>":3,"aba":4,"ab":5}"#,
            merges: #"["a b","ab a",["a","ba"]]"#
        )
        checkpoint.config["vocab_size"] = "7"
        // "ba" is no token, so that "a" and "ba" never stand side by side; "aba" is made by the second merge.
        let problem = try Conversions().problem(Self.checkpoint(vocabulary: #"{"<s>":0,"a":1}"#, merges: #"["a a"]"#))
        #expect(problem == .invalidVocabulary(file: "tokenizer.json", reason: "'a' and 'a' merge into no token"))
        let folder = try ScratchFolder()
        let plan = try ConversionPlan(HuggingFaceFolder(path: checkpoint.write(into: folder)))
        #expect(try plan.metadata.floats("tokenizer.ggml.scores") == [0, -2, -3, 0, -1, 0, -10_000])
        #expect(try plan.metadata.strings("tokenizer.ggml.tokens")?.last == "[PAD6]")
    }

    @Test func rowsWithoutATokenAreFilledUpToTheNextOne() throws {
        let metadata = try Conversions().convert(Self.checkpoint(vocabulary: #"{"<s>":0,"a":1}"#)).metadata
        #expect(try metadata.strings("tokenizer.ggml.tokens") == ["<s>", "a", "[PAD2]", "<tool>"])
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [3, 1, 5, 4])
    }

    @Test func withoutBytesToFallBackOnItIsAnotherKind() throws {
        let problem = try Conversions().problem(Self.checkpoint(vocabulary: #"{"<s>":0}"#, fallsBack: false))
        guard case .unknownPreTokenizer = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }
}
