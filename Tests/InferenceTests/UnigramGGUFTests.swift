import GGUF
import Inference
import Testing
import Tokenizers

/// Unigram vocabularies as GGUF files hold them.
@Suite struct UnigramGGUFTests {
    private func metadata(_ more: [(String, MetadataValue)] = []) -> Metadata {
        var metadata = Metadata()
        metadata.set("tokenizer.ggml.model", .string("t5"))
        metadata.set("tokenizer.ggml.tokens", .array(.string(["<pad>", "</s>", "<unk>", "▁", "a", "▁a"])))
        metadata.set("tokenizer.ggml.scores", .array(.float32([0, 0, 0, -2, -2, -1])))
        metadata.set("tokenizer.ggml.token_type", .array(.int32([3, 3, 2, 1, 1, 1])))
        for (key, value) in more { metadata.set(key, value) }
        return metadata
    }

    @Test func withoutAWordTheTokensAreT5s() throws {
        let vocabulary = try Vocabulary(metadata())
        #expect(vocabulary.kind == .unigram && vocabulary.addsEnd && !vocabulary.addsBeginning)
        #expect(vocabulary.special.unknown == 2 && vocabulary.special.end == 1)
        #expect(try Tokenizer(vocabulary).encode("a a") == [4, 5, 1])
    }

    @Test func theFilesOwnWordsCount() throws {
        let vocabulary = try Vocabulary(
            metadata([
                ("tokenizer.ggml.add_space_prefix", .bool(true)), ("tokenizer.ggml.add_eos_token", .bool(false)),
                ("tokenizer.ggml.remove_extra_whitespaces", .bool(true)),
            ])
        )
        #expect(try Tokenizer(vocabulary).encode(" a  ab") == [5, 5, 2])
        // Signed bytes are bytes as well; these are no map.
        let damaged = try Vocabulary(metadata([("tokenizer.ggml.precompiled_charsmap", .array(.int8([-1, 2])))]))
        #expect(damaged.characterMap == [255, 2])
        #expect(throws: TokenizerError.malformedCharacterMap) { try Tokenizer(damaged) }
    }
}
