import Conversion
import GGUF
import TestSupport
import Testing

/// SentencePiece vocabularies in the form of tokenizer.json, for Llama's kin.
@Suite struct PiecesInJSONTests {
    private static func checkpoint(vocabulary: String, fallsBack: Bool = true) -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint.llama()
        let tokenizer = """
            {"model":{"type":"BPE","byte_fallback":\(fallsBack),"vocab":\(vocabulary),"merges":[]},
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
        #expect(metadata["tokenizer.ggml.scores"] == .array(.float32([-1000, -1000, -1000, -1000])))
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

    @Test func withoutBytesToFallBackOnItIsAnotherKind() throws {
        let problem = try Conversions().problem(Self.checkpoint(vocabulary: #"{"<s>":0}"#, fallsBack: false))
        guard case .unknownPreTokenizer = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }
}
