import BinaryIO
import Conversion
import GGUF
import SystemPackage
import TestSupport
import Testing

/// What config.json can get wrong, and what is said of it.
@Suite struct ModelConfigTests {
    private let conversions: Conversions

    init() throws { conversions = try Conversions() }

    private func missing(_ key: String) -> ConversionProblem { .missingKey(file: "config.json", key: key) }

    private func invalid(_ key: String, _ expected: String) -> ConversionProblem {
        .invalidValue(file: "config.json", key: key, expected: expected)
    }

    @Test(arguments: ["architectures", "hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size"])
    func aKeyThatPhi3NeedsIsNamedWhenItIsMissing(_ key: String) throws {
        for absence in [nil, "null"] {
            var checkpoint = try SmallCheckpoint.phi3()
            checkpoint.config[key] = absence
            #expect(try Conversions().problem(checkpoint) == missing(key))
        }
    }

    @Test(arguments: ["architectures", "hidden_size", "num_attention_heads", "num_hidden_layers"])
    func aKeyThatLlamaNeedsIsNamedWhenItIsMissing(_ key: String) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config[key] = nil
        #expect(try conversions.problem(checkpoint) == missing(key))
    }

    @Test(arguments: ["-1", "4294967296", "1.5", "1e3", "\"64\"", "true", "[64]", "99999999999999999999"])
    func aCountThatIsNoneIsRefused(_ value: String) throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.config["hidden_size"] = value
        #expect(try conversions.problem(checkpoint) == invalid("hidden_size", "a whole number of 32 bits"))
    }

    @Test(arguments: [
        ("original_max_position_embeddings", "1e300", "a whole number, 1 or more"),
        ("original_max_position_embeddings", "-4096", "a whole number, 1 or more"),
        ("original_max_position_embeddings", "0", "a whole number, 1 or more"),
        ("partial_rotary_factor", "1e300", "from 0 to 1"), ("partial_rotary_factor", "-0.5", "from 0 to 1"),
        ("rope_theta", "1e999", "a number"), ("rope_theta", "\"x\"", "a number"),
        ("num_attention_heads", "0", "1 or more"),
        ("rms_norm_eps", "[]", "a number"),
    ])
    func phi3SettingsOutOfRangeAreRefused(_ key: String, _ value: String, _ expected: String) throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.config[key] = value
        #expect(try conversions.problem(checkpoint) == invalid(key, expected))
    }

    @Test(arguments: [
        ("head_dim", "0", "1 to 65536"), ("head_dim", "4294967295", "1 to 65536"),
        ("num_key_value_heads", "0", "1 or more"), ("num_attention_heads", "0", "1 or more"),
    ])
    func llamaSettingsOutOfRangeAreRefused(_ key: String, _ value: String, _ expected: String) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config[key] = value
        #expect(try conversions.problem(checkpoint) == invalid(key, expected))
    }

    @Test func anArchitectureThatIsNotSupportedIsToldWhichAre() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["architectures"] = #"["MambaForCausalLM"]"#
        let problem = try conversions.problem(checkpoint)
        guard case .unsupportedArchitecture("MambaForCausalLM", let supported) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
        #expect(supported.contains("Phi3ForCausalLM") && supported.contains("LlamaForCausalLM"))
        #expect(supported == supported.sorted())
        #expect(problem?.explanation.contains(supported.joined(separator: ", ")) == true)
    }

    @Test(arguments: [
        ("Qwen4ForCausalLM", "Qwen2ForCausalLM, Qwen2Model, Qwen3ForCausalLM"),
        ("LlamaForCausalLm", "LLaMAForCausalLM, LlamaForCausalLM"),
        ("GemmaModel", "GemmaForCausalLM, Gemma2ForCausalLM, Gemma3ForCausalLM"),
    ])
    func anArchitectureThatIsNotSupportedIsToldTheNearest(_ name: String, _ nearest: String) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["architectures"] = #"["\#(name)"]"#
        #expect(try conversions.problem(checkpoint)?.explanation.contains("The nearest that are: \(nearest)") == true)
    }

    @Test(
        arguments: [
            (#"{"rope_type":"ntk","factor":4.0}"#, .unsupportedRope("ntk")),
            (#"{"rope_type":"linear"}"#, .missingKey(file: "config.json", key: "rope_scaling.factor")),
            (#"{"rope_type":"yarn"}"#, .missingKey(file: "config.json", key: "rope_scaling.factor")),
            (
                #"{"type":"mrope","mrope_section":[16,0.5]}"#,
                .invalidValue(file: "config.json", key: "mrope_section", expected: "a list of whole numbers")
            ),
            (
                #"{"rope_type":"linear","factor":NaN}"#,
                .invalidValue(file: "config.json", key: "factor", expected: "a number")
            ),
        ] as [(String, ConversionProblem)]
    )
    func ropeScalingThatIsNotKnownIsRefused(_ scaling: String, _ problem: ConversionProblem) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["rope_scaling"] = scaling
        #expect(try conversions.problem(checkpoint) == problem)
    }

    /// Forms that the reference writes little of, or nothing.
    @Test(
        arguments: [
            (#"{"type":"dynamic","factor":2.0}"#, nil, nil),
            (#"{"type":"mrope","mrope_section":[16,24,24]}"#, nil, [16, 24, 24, 0]),
            (#"{"rope_type":"default","mrope_section":[8,8,8,8,1]}"#, nil, [8, 8, 8, 8]),
            (#"{"rope_type":"longrope","factor":2.0}"#, "longrope", nil), (#"{"type":"su"}"#, "longrope", nil),
        ] as [(String, String?, [Int]?)]
    )
    func otherFormsOfRopeBecomeWhatTheReferenceWrites(_ scaling: String, _ type: String?, _ sections: [Int]?) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["rope_scaling"] = scaling
        let metadata = try conversions.convert(checkpoint).metadata
        #expect(try metadata.string("llama.rope.scaling.type") == type)
        #expect(try metadata.integers("llama.rope.dimension_sections") == sections)
        #expect(metadata["llama.rope.scaling.factor"] == nil)
    }

    /// Python writes what is no number into settings that nobody reads.
    @Test func numbersThatNobodyReadsMayBeNone() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["time_step_limit"] = "[0.0, Infinity]"
        checkpoint.files["generation_config.json"] = Array(#"{"min_new":NaN}"#.utf8)
        #expect(throws: Never.self) { _ = try Conversions().convert(checkpoint) }
        checkpoint.config["rms_norm_eps"] = "NaN"
        #expect(
            try Conversions().problem(checkpoint)
                == .invalidValue(file: "config.json", key: "rms_norm_eps", expected: "a number")
        )
        checkpoint.config["rms_norm_eps"] = "1e-5"
        checkpoint.files["generation_config.json"] = Array(#"{"temperature":Infinity}"#.utf8)
        #expect(
            try Conversions().problem(checkpoint)
                == .invalidValue(file: "generation_config.json", key: "temperature", expected: "a number")
        )
    }

    @Test func aMarkOfTheByteOrderBeforeConfigIsSkipped() throws {
        let folder = try SmallCheckpoint.llama().write(into: conversions.folder)
        let text = try readFile(folder.appending("config.json"), limit: 1 << 20)
        try conversions.folder.write([0xef, 0xbb, 0xbf] + text, to: "model/config.json")
        #expect(throws: Never.self) { _ = try ConversionPlan(HuggingFaceFolder(path: folder)) }
    }

    /// As transformers fills it in.
    @Test func yarnScalingStartsFromTheWholeContextWhereNothingElseIsSaid() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["rope_scaling"] = #"{"rope_type":"yarn","factor":4.0}"#
        let metadata = try conversions.convert(checkpoint).metadata
        #expect(metadata["llama.rope.scaling.type"] == .string("yarn"))
        #expect(metadata["llama.rope.scaling.original_context_length"] == .uint32(131_072))
    }

    /// The older form, the newer one, and none: one model.
    @Test(arguments: [
        ["rope_theta": "10000.0"], ["rope_parameters": #"{"rope_type":"default","rope_theta":10000.0}"#], [:],
        ["rope_theta": "10000.0", "rope_scaling": "null", "torch_dtype": #""float16""#],
    ])
    func bothFormsOfConfigAndNoneMeanTheSame(_ form: [String: String]) throws {
        var checkpoint = SmallCheckpoint.llama()
        let kept = ["architectures", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"]
        checkpoint.config = checkpoint.config.filter { kept.contains($0.key) }
        checkpoint.config.merge(["num_key_value_heads": "2", "vocab_size": "4"].merging(form) { $1 }) { $1 }
        let metadata = try conversions.convert(checkpoint).metadata
        #expect(metadata["llama.rope.freq_base"] == .float32(10_000))
        #expect(metadata["llama.context_length"] == .uint32(2048))
        #expect(metadata["llama.attention.layer_norm_rms_epsilon"] == .float32(1e-6))
    }

    @Test(arguments: ["[]", "1", "\"x\"", "{", "", "{\"a\":1,\"a\":2}"])
    func aConfigThatIsNoObjectIsRefused(_ text: String) throws {
        let folder = try SmallCheckpoint.llama().write(into: conversions.folder)
        try conversions.folder.write(text.utf8, to: "model/config.json")
        let error = #expect(throws: ConversionError.self) { _ = try HuggingFaceFolder(path: folder) }
        guard case .invalidJSON(file: "config.json", _) = error?.problem else {
            Issue.record("\(error as Any)")
            return
        }
    }

    @Test func aFolderWithoutConfigIsRefused() throws {
        let path = conversions.folder.path
        let error = #expect(throws: ConversionError.self) { _ = try HuggingFaceFolder(path: path) }
        #expect(error?.problem == .missingFile("config.json"))
    }
}
