import Conversion
import GGUF
import TestSupport
import Testing

/// Models whose parts contradict each other, or miss some.
@Suite struct ProjectorRefusalTests {
    private func problem(_ name: String, _ change: (inout SmallCheckpoint) throws -> Void) throws -> ConversionProblem?
    {
        var checkpoint = try ProjectorGolden(name).checkpoint()
        try change(&checkpoint)
        return try ProjectorConversions().problem(checkpoint)
    }

    /// The setting that counts a tower's layers.
    private static func layerKey(_ name: String) -> String { name.hasPrefix("qwen") ? "depth" : "num_hidden_layers" }

    @Test(arguments: try ProjectorGolden.namesWithTowers)
    func layersThatAreCountedMustBeThere(_ name: String) throws {
        let problem = try problem(name) {
            try $0.set([Self.layerKey(name): "5", "fullatt_block_indexes": "[1]"], in: "vision_config")
        }
        guard case .missingLayerTensors = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: try ProjectorGolden.namesWithTowers)
    func layersThatAreNotCountedHaveNoPlace(_ name: String) throws {
        let problem = try problem(name) {
            try $0.set(
                [Self.layerKey(name): "1", "fullatt_block_indexes": "[0]", "deepstack_visual_indexes": "[]"],
                in: "vision_config"
            )
        }
        guard case .unknownTensor = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(
        arguments: try ProjectorGolden.namesWithTowers,
        ["0", "-1", "1e3", "4294967296", "99999999999999999999", "\"3\"", "null", "[]"]
    )
    func countsThatAreNoneAreRefused(_ name: String, _ value: String) throws {
        let problem = try problem(name) { try $0.set([Self.layerKey(name): value], in: "vision_config") }
        switch problem {
        case .invalidValue, .missingKey, .missingLayerTensors, .unknownTensor: break
        default: Issue.record("\(problem as Any)")
        }
    }

    @Test(arguments: try ProjectorGolden.names)
    func aProjectorForAnotherLanguageModelIsRefused(_ name: String) throws {
        let problem = try problem(name) { try $0.set(["hidden_size": "96"], in: "text_config") }
        guard case .wrongShape = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: try ProjectorGolden.names)
    func towersOfAnotherWidthAreRefused(_ name: String) throws {
        let key = ["qwen2-vl": "embed_dim", "gemma4-unified": "mm_embed_dim"][name] ?? "hidden_size"
        let problem = try problem(name) { try $0.set([key: "128"], in: "vision_config") }
        guard case .wrongShape = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: try ProjectorGolden.namesWithTowers)
    func everyTensorOfALayerIsNeeded(_ name: String) throws {
        let all = try ProjectorGolden(name).checkpoint().tensors.map(\.name)
        let last = all.filter {
            ($0.contains("vis") || $0.contains("audio")) && ($0.contains("layers.1.") || $0.contains("blocks.1."))
        }
        #expect(!last.isEmpty)
        for missing in last {
            let problem = try problem(name) { checkpoint in checkpoint.tensors.removeAll { $0.name == missing } }
            guard case .missingProjectorTensor = problem else {
                Issue.record("\(missing): \(problem as Any)")
                continue
            }
        }
    }

    @Test(arguments: [
        ("gemma3", "multi_modal_projector.mm_input_projection_weight"),
        ("smolvlm", "model.connector.modality_projection.proj.weight"),
        ("lfm2-vl", "model.multi_modal_projector.linear_2.weight"), ("qwen2.5-vl", "visual.merger.mlp.2.weight"),
        ("qwen3-vl", "model.visual.deepstack_merger_list.1.linear_fc2.weight"),
        ("qwen35", "model.visual.pos_embed.weight"),
        ("gemma4", "model.embed_vision.embedding_projection.weight"),
        ("gemma4-audio", "model.embed_audio.embedding_projection.weight"),
    ])
    func partsWithoutWhichNoEngineLoadsItAreNamed(_ name: String, _ missing: String) throws {
        let problem = try problem(name) { checkpoint in
            let count = checkpoint.tensors.count
            checkpoint.tensors.removeAll { $0.name == missing }
            #expect(checkpoint.tensors.count == count - 1)
        }
        guard case .missingProjectorTensor = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: [("gemma3", "100"), ("gemma3", "0"), ("smolvlm", "15"), ("idefics3", "1")])
    func aPictureHasWholePatches(_ name: String, _ size: String) throws {
        let problem = try problem(name) { try $0.set(["image_size": size], in: "vision_config") }
        guard case .invalidValue(_, "image_size", _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test func thereIsAPositionForEachWholePatch() throws {
        // Of 70 pixels, 64 make patches of 16: as in the published SmolVLM, whose pictures are no multiple of their patches.
        var checkpoint = try ProjectorGolden("smolvlm").checkpoint()
        try checkpoint.set(["image_size": "70"], in: "vision_config")
        #expect(try ProjectorConversions().convert(checkpoint).metadata.integer("clip.vision.image_size") == 70)
        let problem = try problem("smolvlm") { try $0.set(["image_size": "80"], in: "vision_config") }
        guard case .wrongShape = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test func framesArePairs() throws {
        let problem = try problem("qwen3-vl") { try $0.reshape("model.visual.patch_embed.proj.weight") { $0[2] = 3 } }
        guard case .wrongShape = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: ["[0,9]", "[-1]", "[0,0]", "[1000000000000]"])
    func deepLayersAreLayers(_ value: String) throws {
        let problem = try problem("qwen3-vl") { try $0.set(["deepstack_visual_indexes": value], in: "vision_config") }
        guard case .invalidValue(_, "deepstack_visual_indexes", _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: ["[1,2]", "[]", "[9]", "[-1,1]", "null"])
    func layersThatSeeAllStandAtEqualDistances(_ value: String) throws {
        let problem = try problem("qwen2.5-vl") { try $0.set(["fullatt_block_indexes": value], in: "vision_config") }
        guard case .invalidValue(_, "fullatt_block_indexes", _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: ["0", "-9", "1", "\"last\""])
    func theLayerThatIsTakenIsCountedFromTheEnd(_ value: String) throws {
        let problem = try problem("lfm2-vl") { try $0.set(["vision_feature_layer": value]) }
        guard case .invalidValue(_, "vision_feature_layer", _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: ["[0.5,0.5]", "[]", "0.5", "[\"a\",\"b\",\"c\"]", "[1e999,0,0]"])
    func coloursAreThree(_ value: String) throws {
        let problem = try problem("gemma3") { checkpoint in
            checkpoint.files["preprocessor_config.json"] = Array(#"{"image_mean":\#(value),"image_std":[1,1,1]}"#.utf8)
        }
        switch problem {
        case .invalidValue("preprocessor_config.json", "image_mean", _), .invalidJSON: break
        default: Issue.record("\(problem as Any)")
        }
    }

    @Test func theProcessorsFileIsNeeded() throws {
        let problem = try problem("gemma3") { $0.files["preprocessor_config.json"] = nil }
        #expect(problem == .missingFile("preprocessor_config.json"))
    }

    @Test func quantizedTowersAreRefused() throws {
        let problem = try problem("smolvlm") { checkpoint in
            let name = "model.vision_model.encoder.layers.0.mlp.fc1.weight"
            checkpoint.tensors.removeAll { $0.name == name }
            checkpoint.add(name, [96, 64], dtype: "U8")
        }
        guard case .unsupportedElementType = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test func aModelThatOnlyReadsSeesNothing() throws {
        #expect(throws: ConversionError.self) {
            let path = try SmallCheckpoint.llama().write(into: ScratchFolder())
            _ = try ConversionPlan(projectorOf: HuggingFaceFolder(path: path), type: .f16)
        }
        let problem = try problem("gemma3") { $0.config["vision_config"] = nil }
        #expect(problem == .missingKey(file: "config.json", key: "vision_config"))
    }
}
