import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// XLM-RoBERTa and ModernBERT; scripts/compare-conversion.py compares them with the reference, byte by byte.
@Suite struct EncoderFamilyTests {
    private let conversions: Conversions

    init() throws { conversions = try Conversions() }

    /// One layer with positions for padding, and a vocabulary of six pieces.
    private func multilingual() -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint()
        checkpoint.config = [
            "architectures": #"["XLMRobertaModel"]"#, "hidden_size": "64", "intermediate_size": "96",
            "max_position_embeddings": "34", "num_attention_heads": "4", "num_hidden_layers": "1",
            "type_vocab_size": "1",
            "vocab_size": "8", "layer_norm_eps": "1e-05", "pad_token_id": "1",
        ]
        checkpoint.add("embeddings.word_embeddings.weight", [8, 64])
        checkpoint.add("embeddings.position_embeddings.weight", [34, 64])
        checkpoint.add("embeddings.token_type_embeddings.weight", [1, 64])
        for name in [
            "embeddings.LayerNorm", "encoder.layer.0.attention.output.LayerNorm", "encoder.layer.0.output.LayerNorm",
        ] {
            checkpoint.add("\(name).weight", [64])
            checkpoint.add("\(name).bias", [64])
        }
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            checkpoint.add("encoder.layer.0.attention.\(part).weight", [64, 64])
            checkpoint.add("encoder.layer.0.attention.\(part).bias", [64])
        }
        checkpoint.add("encoder.layer.0.intermediate.dense.weight", [96, 64])
        checkpoint.add("encoder.layer.0.intermediate.dense.bias", [96])
        checkpoint.add("encoder.layer.0.output.dense.weight", [64, 96])
        checkpoint.add("encoder.layer.0.output.dense.bias", [64])
        checkpoint.files["tokenizer.json"] = Array(Self.tokenizer.utf8)
        checkpoint.files["tokenizer_config.json"] = Array(#"{"tokenizer_class":"XLMRobertaTokenizer"}"#.utf8)
        return checkpoint
    }

    private static let tokenizer = """
        {"model":{"type":"Unigram","unk_id":3,"vocab":[["<s>",0],["<pad>",0],["</s>",0],["<unk>",0],["▁a",-1],["b",-2.5],
         ["<mask>",0]]},
         "normalizer":{"type":"Sequence","normalizers":[{"type":"Precompiled","precompiled_charsmap":"AQID"}]},
         "added_tokens":[{"id":0,"content":"<s>","special":true},{"id":1,"content":"<pad>","special":true},
          {"id":2,"content":"</s>","special":true},{"id":3,"content":"<unk>","special":true},
          {"id":5,"content":"b","special":false},{"id":6,"content":"<mask>","special":true}]}
        """

    @Test func positionsOfPaddingAreCutOff() throws {
        for (padding, cut) in [("1", 2), ("0", 1), (nil, 2)] {
            var checkpoint = multilingual()
            checkpoint.config["pad_token_id"] = padding
            let file = try Conversions().convert(checkpoint)
            #expect(file.metadata["bert.context_length"] == .uint32(UInt32(34 - cut)))
            let rows = try #require(file.tensors.first { $0.name == "position_embd.weight" })
            #expect(rows.shape.dimensions == [64, 34 - cut])
        }
    }

    @Test func tokenizerJSONGivesTheVocabulary() throws {
        let metadata = try conversions.convert(multilingual()).metadata
        #expect(try metadata.string("tokenizer.ggml.model") == "t5")
        #expect(
            try metadata.strings("tokenizer.ggml.tokens")
                == ["<s>", "<pad>", "</s>", "<unk>", "▁a", "b", "<mask>", "[PAD7]"]
        )
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [3, 3, 3, 2, 1, 4, 3, 5])
        #expect(try metadata.floats("tokenizer.ggml.scores") == [0, 0, 0, 0, -1, -2.5, 0, -10_000])
        #expect(metadata["tokenizer.ggml.precompiled_charsmap"] == .array(.uint8([1, 2, 3])))
        #expect(metadata["tokenizer.ggml.add_space_prefix"] == .bool(true))
        #expect(metadata["tokenizer.ggml.remove_extra_whitespaces"] == .bool(false))
        #expect(metadata["tokenizer.ggml.token_type_count"] == .uint32(1))
    }

    /// A message of a protocol buffer: the field's number, and bytes.
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(bytes.count)] + bytes
    }

    private static func piece(_ text: String, type: UInt8? = nil) -> [UInt8] {
        field(1, field(1, Array(text.utf8)) + [0x15, 0, 0, 0x80, 0xbf] + (type.map { [0x18, $0] } ?? []))
    }

    /// Three tokens of its own come first, which the model knows under other numbers.
    @Test func piecesOfSentencePieceMoveByOne() throws {
        var checkpoint = multilingual()
        let pieces = Self.piece("<unk>", type: 2) + Self.piece("<s>", type: 3) + Self.piece("</s>", type: 3)
        let training: [UInt8] = [0x12, 2, 0x18, 1]
        checkpoint.files["sentencepiece.bpe.model"] =
            pieces + Self.piece("▁c") + Self.piece("d", type: 4) + Self.piece("e") + training
            + Self.field(3, Self.field(2, [7, 8]) + [0x18, 0, 0x20, 1])
        let metadata = try conversions.convert(checkpoint).metadata
        #expect(
            try metadata.strings("tokenizer.ggml.tokens")
                == ["<s>", "<pad>", "</s>", "<unk>", "▁c", "d", "e", "[PAD6]"]
        )
        #expect(try metadata.integers("tokenizer.ggml.token_type") == [3, 3, 3, 2, 1, 1, 1, 5])
        #expect(metadata["tokenizer.ggml.add_space_prefix"] == .bool(false))
        #expect(metadata["tokenizer.ggml.remove_extra_whitespaces"] == .bool(true))
        #expect(metadata["tokenizer.ggml.precompiled_charsmap"] == .array(.uint8([7, 8])))

        checkpoint.files["sentencepiece.bpe.model"] = pieces + [0x12, 2, 0x18, 2]
        let other = ConversionProblem.invalidVocabulary(
            file: "sentencepiece.bpe.model",
            reason: "it is no Unigram model"
        )
        #expect(try Conversions().problem(checkpoint) == other)
        checkpoint.files["sentencepiece.bpe.model"] = [0x0a, 200]
        guard case .invalidVocabulary("sentencepiece.bpe.model", _) = try Conversions().problem(checkpoint) else {
            Issue.record("a file that ends early was taken")
            return
        }
    }

    @Test func whatCannotBeConvertedIsRefused() throws {
        let changes: [(String, (inout SmallCheckpoint) -> Void)] = [
            ("adapters", { $0.config["lora_adaptations"] = #"["retrieval"]"# }),
            ("no positions", { $0.config["max_position_embeddings"] = "2" }),
            ("too many positions", { $0.config["max_position_embeddings"] = "99999999" }),
            ("more positions than rows", { $0.config["max_position_embeddings"] = "40" }),
            ("no vocabulary", { $0.files["tokenizer.json"] = nil }),
            ("another vocabulary", { $0.files["tokenizer.json"] = Array(#"{"model":{"type":"BPE"}}"#.utf8) }),
            (
                "a piece without a score",
                { $0.files["tokenizer.json"] = Array(#"{"model":{"type":"Unigram","vocab":[["a"]]}}"#.utf8) }
            ),
            (
                "no map of characters",
                {
                    let text = String(decoding: $0.files["tokenizer.json"]!, as: UTF8.self)
                    $0.files["tokenizer.json"] = Array(text.replacing("AQID", with: "?").utf8)
                }
            ),
            ("a foreign tensor", { $0.add("encoder.layer.0.adapter.weight", [64, 64]) }),
            ("a layer too many", { $0.config["num_hidden_layers"] = "2" }),
        ]
        for (name, change) in changes {
            var checkpoint = multilingual()
            change(&checkpoint)
            #expect(try Conversions().problem(checkpoint) != nil, "\(name)")
        }
    }

    private func modern() throws -> SmallCheckpoint {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config = [
            "architectures": #"["ModernBertModel"]"#, "hidden_size": "64", "intermediate_size": "96",
            "num_attention_heads": "4", "num_hidden_layers": "1", "vocab_size": "4", "layer_norm_eps": "1e-05",
        ]
        checkpoint.tensors = []
        checkpoint.add("embeddings.tok_embeddings.weight", [4, 64])
        checkpoint.add("embeddings.norm.weight", [64])
        checkpoint.add("layers.0.attn.Wqkv.weight", [192, 64])
        checkpoint.add("layers.0.attn.Wo.weight", [64, 64])
        checkpoint.add("layers.0.mlp_norm.weight", [64])
        checkpoint.add("layers.0.mlp.Wi.weight", [192, 64])
        checkpoint.add("layers.0.mlp.Wo.weight", [64, 96])
        checkpoint.add("final_norm.weight", [64])
        return checkpoint
    }

    @Test func modernBERTSaysWhatEnginesAskFor() throws {
        let metadata = try conversions.convert(try modern()).metadata
        #expect(metadata["modern-bert.attention.causal"] == .bool(false))
        #expect(metadata["modern-bert.attention.sliding_window"] == .uint32(128))
        #expect(metadata["modern-bert.attention.sliding_window_pattern"] == .uint32(3))
        #expect(metadata["modern-bert.rope.freq_base"] == .float32(160_000))
        #expect(metadata["modern-bert.rope.freq_base_swa"] == .float32(10_000))
        #expect(metadata["modern-bert.hidden_activation"] == .string("gelu"))
        #expect(metadata["modern-bert.classifier.pooling_type"] == .uint32(2))
        #expect(metadata["tokenizer.ggml.add_sep_token"] == .bool(true))
    }

    /// No key tells engines which layers are which, but the number of layers from one full attention to the next.
    @Test func layersInAnotherOrderAreRefused() throws {
        var checkpoint = try modern()
        checkpoint.config["layer_types"] = #"["full_attention"]"#
        #expect(try conversions.convert(checkpoint).metadata["modern-bert.attention.sliding_window_pattern"] == nil)
        checkpoint.config["layer_types"] = #"["sliding_attention"]"#
        #expect(try Conversions().problem(checkpoint) != nil)
        checkpoint.config["global_attn_every_n_layers"] = "2"
        let metadata = try Conversions().convert(checkpoint).metadata
        #expect(metadata["modern-bert.attention.sliding_window_pattern"] == .uint32(2))
    }
}
