import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// The matrices behind EmbeddingGemma; scripts/compare-conversion.py compares them with the reference, byte by byte.
@Suite struct DenseModulesTests {
    private static let modules =
        #"[{"type":"sentence_transformers.models.Transformer","path":""},"#
        + #"{"type":"sentence_transformers.models.Dense","path":"2_Dense"},"#
        + #"{"type":"sentence_transformers.models.Dense","path":"3_Dense"}]"#

    private func gemma() throws -> SmallCheckpoint {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.config = [
            "architectures": #"["Gemma3TextModel"]"#, "hidden_size": "64", "intermediate_size": "96", "head_dim": "16",
            "max_position_embeddings": "2048", "num_attention_heads": "4", "num_key_value_heads": "2",
            "num_hidden_layers": "1", "rms_norm_eps": "1e-06", "sliding_window": "32", "vocab_size": "3072",
        ]
        checkpoint.tensors = []
        checkpoint.add("embed_tokens.weight", [3072, 64])
        for name in [
            "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm",
        ] {
            checkpoint.add("layers.0.\(name).weight", [64])
        }
        for (name, rows) in [("q_proj", 64), ("k_proj", 32), ("v_proj", 32)] {
            checkpoint.add("layers.0.self_attn.\(name).weight", [rows, 64])
        }
        for name in ["q_norm", "k_norm"] { checkpoint.add("layers.0.self_attn.\(name).weight", [16]) }
        checkpoint.add("layers.0.self_attn.o_proj.weight", [64, 64])
        checkpoint.add("layers.0.mlp.gate_proj.weight", [96, 64])
        checkpoint.add("layers.0.mlp.up_proj.weight", [96, 64])
        checkpoint.add("layers.0.mlp.down_proj.weight", [64, 96])
        checkpoint.add("norm.weight", [64])
        checkpoint.files["modules.json"] = Array(Self.modules.utf8)
        for (folder, columns, rows) in [("2_Dense", 64, 128), ("3_Dense", 128, 64)] {
            checkpoint.files["\(folder)/config.json"] = Self.settings(columns, rows)
            checkpoint.files["\(folder)/model.safetensors"] = Self.matrix(rows, columns)
        }
        return checkpoint
    }

    private static func settings(_ columns: Int, _ rows: Int, bias: Bool = false, activation: String = "Identity")
        -> [UInt8]
    {
        let text = """
            {"in_features":\(columns),"out_features":\(rows),"bias":\(bias),
             "activation_function":"torch.nn.modules.linear.\(activation)"}
            """
        return Array(text.utf8)
    }

    private static func matrix(_ rows: Int, _ columns: Int, name: String = "linear.weight") -> [UInt8] {
        let count = rows * columns * 4
        let header = #"{"\#(name)":{"dtype":"F32","shape":[\#(rows),\#(columns)],"data_offsets":[0,\#(count)]}}"#
        var bytes = LittleEndianBytes()
        bytes.append(UInt64(header.utf8.count))
        return bytes.bytes + Array(header.utf8) + [UInt8](repeating: 0, count: count)
    }

    private func plan(_ checkpoint: SmallCheckpoint, keeps: Bool = true) throws -> ConversionPlan {
        let scratch = try ScratchFolder()
        var options = ConversionOptions(type: .f16)
        options.includesDenseModules = keeps
        return try ConversionPlan(HuggingFaceFolder(path: checkpoint.write(into: scratch)), options: options)
    }

    @Test func theyComeFirstWithTheirLengths() throws {
        let plan = try plan(try gemma())
        let first = plan.layout.tensors.prefix(2)
        #expect(first.map(\.name) == ["dense_2.weight", "dense_3.weight"] && first.allSatisfy { $0.type == .f16 })
        #expect(first.map(\.shape.dimensions) == [[64, 128], [128, 64]])
        for (key, length) in [("2_feat_in", 64), ("2_feat_out", 128), ("3_feat_in", 128), ("3_feat_out", 64)] {
            #expect(plan.metadata["gemma-embedding.dense_\(key)"] == .uint32(UInt32(length)))
        }
        let without = try self.plan(try gemma(), keeps: false)
        #expect(!without.layout.tensors.contains { $0.name.hasPrefix("dense") })
        #expect(without.metadata["gemma-embedding.dense_2_feat_in"] == nil)
    }

    @Test func whatEnginesWouldNotComputeIsRefused() throws {
        let changes: [(String, (inout SmallCheckpoint) -> Void)] = [
            ("a bias", { $0.files["2_Dense/config.json"] = Self.settings(64, 128, bias: true) }),
            ("an activation", { $0.files["2_Dense/config.json"] = Self.settings(64, 128, activation: "Tanh") }),
            ("another length", { $0.files["2_Dense/config.json"] = Self.settings(64, 64) }),
            ("no settings", { $0.files["2_Dense/config.json"] = nil }),
            ("no lengths", { $0.files["2_Dense/config.json"] = Array("{}".utf8) }),
            ("another name", { $0.files["2_Dense/model.safetensors"] = Self.matrix(128, 64, name: "other.weight") }),
            ("a file that ends early", { $0.files["2_Dense/model.safetensors"] = [1, 0, 0] }),
            ("no modules", { $0.files["modules.json"] = nil }),
            (
                "a path that leads out",
                { $0.files["modules.json"] = Array(#"[{"type":"x.Dense","path":"../2_Dense"}]"#.utf8) }
            ),
            (
                "three modules",
                {
                    let more = Self.modules.dropLast() + #",{"type":"x.Dense","path":"4_Dense"}]"#
                    $0.files["modules.json"] = Array(more.utf8)
                    $0.files["4_Dense/config.json"] = Self.settings(64, 64)
                    $0.files["4_Dense/model.safetensors"] = Self.matrix(64, 64)
                }
            ),
            ("another family", { $0 = SmallCheckpoint.llama() }),
        ]
        for (name, change) in changes {
            var checkpoint = try gemma()
            change(&checkpoint)
            #expect(throws: (any Error).self, "\(name)") { try plan(checkpoint) }
        }
    }
}
