import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// Checkpoints that contradict what their family says of itself.
@Suite struct FamilyRefusalTests {
    private func problem(_ name: String, _ change: (inout SmallCheckpoint) -> Void) throws -> ConversionProblem? {
        var checkpoint = try FamilyGolden(name).checkpoint()
        change(&checkpoint)
        return try Conversions().problem(checkpoint)
    }

    @Test(arguments: [
        #"["attention"]"#, #"["attention","convolution"]"#, #"["full_attention","full_attention"]"#, "[]", "null",
    ])
    func graniteWithOtherLayersThanAttentionIsRefused(_ types: String) throws {
        let problem = try problem("granite4") { $0.config["layer_types"] = types }
        guard case .invalidValue(_, "layer_types", _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: ["exaone4", "gpt-oss", "lfm2-moe"])
    func aListOfLayersOfTheWrongLengthIsRefused(_ name: String) throws {
        let problem = try problem(name) { $0.config["layer_types"] = #"["full_attention"]"# }
        guard case .invalidValue(_, "layer_types", _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test func aLayerThatLearnedNoActivationIsNamed() throws {
        let problem = try problem("apertus") { $0.tensors.removeAll { $0.name == "model.layers.1.mlp.act_fn.beta" } }
        #expect(problem == .missingLayerTensors(layer: 1))
        let longer = try self.problem("apertus") { checkpoint in
            checkpoint.tensors.removeAll { $0.name == "model.layers.1.mlp.act_fn.beta" }
            checkpoint.add("model.layers.1.mlp.act_fn.beta", [2])
        }
        guard case .wrongShape("model.layers.1.mlp.act_fn.beta", [2], _) = longer else {
            Issue.record("\(longer as Any)")
            return
        }
    }

    @Test func commandsBiasesHaveNoPlace() throws {
        let name = "model.layers.0.self_attn.q_proj.bias"
        #expect(try problem("cohere2") { $0.add(name, [64]) } == .unknownTensor(name))
        // Published checkpoints have some of zeros.
        let golden = try FamilyGolden("cohere2")
        var checkpoint = try golden.checkpoint()
        checkpoint.add(name, [64])
        checkpoint.tensors[checkpoint.tensors.count - 1].bytes = [UInt8](repeating: 0, count: 128)
        let file = try Conversions().convert(checkpoint, .f16)
        #expect(file.tensors.map(\.name) == golden.tensors.map(\.name))
    }

    @Test(arguments: [("gemma3", "true"), ("gemma2", "true"), ("gemma", "true"), ("gemma4", #""all""#)])
    func gemmaThatLooksBothWaysIsRefused(_ name: String, _ value: String) throws {
        let key = "use_bidirectional_attention"
        guard case .invalidValue(_, key, _) = try problem(name, { $0.config[key] = value }) else {
            Issue.record("\(name) \(value)")
            return
        }
        for harmless in ["false", "null", #""vision""#] {
            var checkpoint = try FamilyGolden(name).checkpoint()
            checkpoint.config[key] = harmless
            _ = try Conversions().convert(checkpoint, .f16)
        }
    }

    @Test(arguments: [("swiglu_limit", "6.0"), ("swiglu_alpha", "1.5")])
    func activationsThatEnginesDoNotComputeAreRefused(_ key: String, _ value: String) throws {
        guard case .invalidValue(_, key, _) = try problem("gpt-oss", { $0.config[key] = value }) else {
            Issue.record("\(key)")
            return
        }
    }

    @Test(arguments: ["gpt-oss", "qwen3-vl-moe"])
    func expertsWhoseGateAndUpCannotBeHalvesAreRefused(_ name: String) throws {
        let problem = try problem(name) { checkpoint in
            guard let index = checkpoint.tensors.firstIndex(where: { $0.name.hasSuffix("experts.gate_up_proj") }) else {
                return
            }
            let tensor = checkpoint.tensors.remove(at: index)
            checkpoint.add(tensor.name, [tensor.shape[0], tensor.shape[1], tensor.shape[2] - 1])
        }
        guard case .wrongShape = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test func predictorsOfERNIEAreLeftOut() throws {
        let golden = try FamilyGolden("ernie-moe")
        var checkpoint = try golden.checkpoint()
        checkpoint.add("model.mtp_block.0.mlp.up_proj.weight", [128, 64])
        checkpoint.add("model.mtp_emb_norm.0.weight", [64])
        let file = try Conversions().convert(checkpoint, .f16)
        #expect(file.tensors.map(\.name) == golden.tensors.map(\.name))
    }

    @Test func ministralWithoutItsScalingIsRefused() throws {
        let problem = try problem("ministral3") { $0.config["rope_parameters"] = #"{"rope_type":"default"}"# }
        #expect(problem == .unsupportedRope("default"))
    }

    /// The base is stretched for one base and two lengths of contexts alone.
    @Test func anotherStretchOfHunYuansPositionsIsRefused() throws {
        let problem = try problem("hunyuan") { $0.config["max_position_embeddings"] = "4096" }
        guard case .unsupportedRope = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test func rolesNeedTheirTokens() throws {
        let problem = try problem("glm4") { checkpoint in
            let text = String(decoding: checkpoint.files["tokenizer.json"] ?? [], as: UTF8.self)
            checkpoint.files["tokenizer.json"] = Array(text.replacing("<|user|>", with: "<|guest|>").utf8)
        }
        guard case .invalidVocabulary(_, let reason) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
        #expect(reason.contains("<|user|>"))
    }

    /// What llama.cpp's other names for a family lead to.
    @Test(arguments: [
        ("qwen2", "KORMoForCausalLM"), ("qwen2", "Qwen2AudioForConditionalGeneration"), ("llama", "VLlama3ForCausalLM"),
        ("llama", "LlavaForConditionalGeneration"), ("llama", "IQuestCoderForCausalLM"), ("phi3", "Phi4ForCausalLMV"),
    ])
    func otherNamesOfAFamilyAreKnown(_ name: String, _ architecture: String) throws {
        let golden = try FamilyGolden(name)
        var checkpoint = try golden.checkpoint()
        checkpoint.config["architectures"] = "[\"\(architecture)\"]"
        let file = try Conversions().convert(checkpoint, .f16)
        #expect(file.tensors.map(\.name) == golden.tensors.map(\.name))
    }

    /// Queries, keys and values in one matrix, gate and up in another, under the outer name of the first release.
    @Test func fusedMatricesOfERNIEFallIntoTheirParts() throws {
        let golden = try FamilyGolden("ernie")
        var fused = try golden.checkpoint()
        let rows = (queries: 4 * 128, keys: 2 * 128)
        fused.tensors.removeAll { tensor in
            ["q_proj", "k_proj", "v_proj", "gate_proj", "up_proj"].contains { tensor.name.contains(".\($0).") }
        }
        for index in fused.tensors.indices {
            fused.tensors[index].name = fused.tensors[index].name.replacing("model.", with: "ernie.")
        }
        for layer in 0..<2 {
            fused.add("ernie.layers.\(layer).self_attn.qkv_proj.weight", [rows.queries + 2 * rows.keys, 64])
            fused.add("ernie.layers.\(layer).mlp.up_gate_proj.weight", [192, 64])
        }
        let file = try Conversions().convert(fused, .f16)
        let shapes = { (tensors: [(String, [Int])]) in Dictionary(tensors) { first, _ in first } }
        #expect(
            shapes(file.tensors.map { ($0.name, $0.shape.dimensions) })
                == shapes(golden.tensors.map { ($0.name, $0.dimensions) })
        )
    }
}
