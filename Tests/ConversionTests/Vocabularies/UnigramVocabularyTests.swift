import Conversion
import GGUF
import TestSupport
import Testing

/// Unigram vocabularies, from both of their files.
@Suite struct UnigramVocabularyTests {
    private let conversions: Conversions

    init() throws { conversions = try Conversions() }

    private func checkpoint(_ files: [String: String], model: [UInt8]? = nil) -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.files = files.mapValues { Array($0.utf8) }
        if let model { checkpoint.files["tokenizer.model"] = model }
        return checkpoint
    }

    private static func piece(_ text: String, _ score: Float, _ type: UInt8) -> [UInt8] {
        let bits = (0..<4).map { UInt8(truncatingIfNeeded: score.bitPattern >> (8 * $0)) }
        let message = [0x0a, UInt8(text.utf8.count)] + Array(text.utf8) + [0x15] + bits + [0x18, type]
        return [0x0a, UInt8(message.count)] + message
    }

    @Test func aSentencePieceModelIsWrittenWithWhatNormalizesItsText() throws {
        let pieces = [("<unk>", 2), ("<s>", 3), ("▁a", 1), ("▁▁", 4)].flatMap { Self.piece($0.0, -1.5, UInt8($0.1)) }
        let model = pieces + [0x12, 2, 0x18, 1] + [0x1a, 6, 0x12, 2, 7, 8, 0x20, 0]
        let metadata = try conversions.convert(checkpoint([:], model: model)).metadata
        #expect(try metadata.string("tokenizer.ggml.model") == "t5")
        #expect(try metadata.strings("tokenizer.ggml.tokens") == ["<unk>", "<s>", "▁a", "▁▁"])
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [2, 3, 1, 4])
        #expect(metadata["tokenizer.ggml.precompiled_charsmap"] == .array(.uint8([7, 8])))
        #expect(try metadata.bool("tokenizer.ggml.add_space_prefix") == true)
        #expect(try metadata.bool("tokenizer.ggml.remove_extra_whitespaces") == false)
        // What engines would otherwise take from T5.
        #expect(try metadata.integer("tokenizer.ggml.unknown_token_id") == 0)
        #expect(try metadata.integer("tokenizer.ggml.bos_token_id") == 1)
        #expect(try metadata.bool("tokenizer.ggml.add_bos_token") == true)
        #expect(try metadata.bool("tokenizer.ggml.add_eos_token") == false)
    }

    @Test func otherAlgorithmsAreRefused() throws {
        let model = Self.piece("a", 0, 1) + [0x12, 2, 0x18, 4]
        let reason = "its pieces are characters, and only byte pairs and Unigram are known"
        #expect(
            try conversions.problem(checkpoint([:], model: model))
                == .invalidVocabulary(file: "tokenizer.model", reason: reason)
        )
    }

    private func json(normalizer: String = "null", pre: String = "null", unknown: Int = 0) -> String {
        #"{"model":{"type":"Unigram","unk_id":\#(unknown),"byte_fallback":true,"#
            + #""vocab":[["<unk>",0],["<0x0A>",-3],["▁a",-1.25]]},"added_tokens":[{"id":3,"content":"<t>"}],"#
            + #""normalizer":\#(normalizer),"pre_tokenizer":\#(pre)}"#
    }

    @Test(
        arguments: [
            ("null", "null", false, false),
            ("null", #"{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}"#, true, false),
            ("null", #"{"type":"Metaspace","replacement":"▁","add_prefix_space":false}"#, false, false),
            (#"{"type":"Prepend","prepend":"▁"}"#, "null", true, false),
            (
                #"{"type":"Sequence","normalizers":[{"type":"Strip"},{"type":"Precompiled","precompiled_charsmap":"Bwg="}]}"#,
                #"{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁"}]}"#,
                true, true
            ),
        ] as [(String, String, Bool, Bool)]
    )
    func tokenizerJSONSaysHowTextIsNormalized(
        _ normalizer: String,
        _ pre: String,
        _ prefix: Bool,
        _ removes: Bool
    ) throws {
        let checkpoint = checkpoint(["tokenizer.json": json(normalizer: normalizer, pre: pre)])
        let metadata = try conversions.convert(checkpoint).metadata
        #expect(try metadata.string("tokenizer.ggml.model") == "t5")
        #expect(metadata["tokenizer.ggml.scores"] == .array(.float32([0, -3, -1.25, -10_000])))
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [2, 6, 1, 4])
        #expect(try metadata.bool("tokenizer.ggml.add_space_prefix") == prefix)
        #expect(try metadata.bool("tokenizer.ggml.remove_extra_whitespaces") == removes)
        let map = normalizer.contains("Precompiled") ? MetadataValue.array(.uint8([7, 8])) : nil
        #expect(metadata["tokenizer.ggml.precompiled_charsmap"] == map)
    }

    @Test(arguments: [
        (#"{"type":"NFKC"}"#, "null", "its normalizer has a step 'NFKC' that GGUF has no key for"),
        (#"{"type":"Precompiled","precompiled_charsmap":"*"}"#, "null", "its map of characters is no Base64"),
        ("null", #"{"type":"Whitespace"}"#, "its pre-tokenizer has a step 'Whitespace' that GGUF has no key for"),
    ])
    func stepsThatGGUFCannotHoldAreRefused(_ normalizer: String, _ pre: String, _ reason: String) throws {
        let checkpoint = checkpoint(["tokenizer.json": json(normalizer: normalizer, pre: pre)])
        #expect(try conversions.problem(checkpoint) == .invalidVocabulary(file: "tokenizer.json", reason: reason))
    }

    @Test(arguments: [
        (#"["a"]"#, "the piece 0 is not a text with a score"),
        (#"["a",1e999]"#, "the piece 0 is not a text with a score"),
        (#"["a",0],["a",0]"#, "its tokens 0 and 1 are both 'a'"),
        (#"["a",0],["b",0],["c",0],["d",0],["e",0]"#, "it has 5 tokens, but config.json says 'vocab_size' 4"),
    ])
    func piecesThatCannotBeUsedAreRefused(_ pieces: String, _ reason: String) throws {
        let text = #"{"model":{"type":"Unigram","unk_id":0,"vocab":[\#(pieces)]}}"#
        #expect(
            try conversions.problem(checkpoint(["tokenizer.json": text]))
                == .invalidVocabulary(file: "tokenizer.json", reason: reason)
        )
    }
}
