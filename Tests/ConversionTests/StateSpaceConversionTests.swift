import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// State spaces of Granite 4, Nemotron-H and Falcon-H1, and streams of Gemma 3n, on the way into a file.
@Suite struct StateSpaceConversionTests {
    private func problem(_ name: String, _ change: (inout SmallCheckpoint) -> Void) throws -> ConversionProblem? {
        var checkpoint = try FamilyGolden(name).checkpoint()
        change(&checkpoint)
        return try Conversions().problem(checkpoint)
    }

    private func isInvalid(_ problem: ConversionProblem?, _ key: String) -> Bool {
        if case .invalidValue(_, key, _) = problem { true } else { false }
    }

    @Test(arguments: [#"["mamba"]"#, #"["mamba","convolution","mamba"]"#])
    func graniteWithLayersOfAnotherNameIsRefused(_ types: String) throws {
        #expect(isInvalid(try problem("granite4-hybrid") { $0.config["layer_types"] = types }, "layer_types"))
    }

    /// As transformers 5 saves a checkpoint that it has read.
    @Test func theNewerWordsForLayersMeanTheSame() throws {
        let golden = try FamilyGolden("granite4-hybrid")
        var checkpoint = try golden.checkpoint()
        checkpoint.config["layer_types"] = #"["linear_attention","full_attention","linear_attention"]"#
        let file = try Conversions().convert(checkpoint, .f16)
        #expect(file.tensors.map(\.name) == golden.tensors.map(\.name))
    }

    @Test(arguments: [#""M-*""#, #""M-E-M""#, #""--*--""#, "null"])
    func nemotronWithOtherLayersIsRefused(_ pattern: String) throws {
        #expect(
            isInvalid(
                try problem("nemotron-h") { $0.config["hybrid_override_pattern"] = pattern },
                "hybrid_override_pattern"
            )
        )
    }

    @Test(arguments: ["mlp_multipliers", "ssm_multipliers"])
    func aListOfMultipliersOfTheWrongLengthIsRefused(_ key: String) throws {
        #expect(isInvalid(try problem("falcon-h1") { $0.config[key] = "[1.0]" }, key))
        #expect(isInvalid(try problem("falcon-h1") { $0.config[key] = #"["a","b","c","d","e"]"# }, key))
    }

    @Test func aMultiplierThatIsMissingIsNamed() throws {
        let problem = try problem("falcon-h1") { $0.config["key_multiplier"] = nil }
        #expect(problem == .missingKey(file: "config.json", key: "key_multiplier"))
    }

    @Test func aNormThatGroupsDoNotShareIsRefused() throws {
        let problem = try problem("granite4-hybrid-experts") { $0.config["mamba_n_groups"] = "3" }
        guard case .wrongShape("model.layers.0.mamba.norm.weight", [128], _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test func falconsBiasesHaveNoPlace() throws {
        let name = "model.layers.0.mamba.in_proj.bias"
        #expect(try problem("falcon-h1") { $0.add(name, [292]) } == .unknownTensor(name))
    }

    @Test func anotherNumberOfStreamsIsRefused() throws {
        #expect(isInvalid(try problem("gemma3n") { $0.config["altup_num_inputs"] = "3" }, "altup_num_inputs"))
        let name = "model.altup_projections.3.weight"
        #expect(try problem("gemma3n") { $0.add(name, [64, 64]) } == .unknownTensor(name))
    }

    @Test(arguments: ["layer_types", "activation_sparsity_pattern", "intermediate_size"])
    func aListForOtherLayersIsRefused(_ key: String) throws {
        let list = key == "layer_types" ? #"["full_attention"]"# : "[0.5]"
        #expect(isInvalid(try problem("gemma3n") { $0.config[key] = key == "intermediate_size" ? "[96]" : list }, key))
    }

    /// Tokens that stand for what is seen have embeddings of zeros.
    @Test func rowsBehindTheCheckpointsAreZeros() throws {
        let checkpoint = try FamilyGolden("gemma3n").checkpoint()
        let numbers = try Conversions().convert(checkpoint, .f32).floats("per_layer_token_embd.weight")
        let (width, rows, found) = (22 * 256, 3080, 3072)
        #expect(numbers.count == width * rows)
        #expect(numbers[(width * found)...].allSatisfy { $0 == 0 } && numbers[..<(width * found)].contains { $0 != 0 })
    }
}
