import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// Every family against what the reference converter makes of its checkpoint.
@Suite struct FamilyTests {
    @Test(arguments: try FamilyGolden.names)
    func metadataAndTensorsAreTheReferencesInItsOrder(_ name: String) throws {
        let golden = try FamilyGolden(name)
        let file = try Conversions().convert(golden.checkpoint(), .f16)
        let found = file.metadata.pairs
        let expected = golden.metadata
        let keys = Set(expected.map(\.key))
        #expect(found.map(\.key).filter(keys.contains) == expected.map(\.key))
        let architecture = try #require(try file.metadata.string("general.architecture"))
        #expect(found.filter { $0.key.hasPrefix("\(architecture).") }.allSatisfy { keys.contains($0.key) })
        // Some numbers of the metadata are weights, of which a golden has none.
        for (key, value) in expected where !key.hasPrefix("xielu.") {
            #expect(value != nil && file.metadata[key] == value, "\(key)")
        }
        let tensors = file.tensors.map {
            FamilyGolden.Tensor(name: $0.name, type: $0.type.name.uppercased(), dimensions: $0.shape.dimensions)
        }
        #expect(tensors == golden.tensors)
    }

    @Test(arguments: try FamilyGolden.names)
    func everyFamilyNeedsTheSizesThatItsWeightsHave(_ name: String) throws {
        let checkpoint = try FamilyGolden(name).checkpoint()
        for key in ["architectures", "hidden_size", "num_hidden_layers", "n_embd", "n_layer"] {
            // In a model that also sees, the text model's settings stand deeper.
            guard checkpoint.config[key] != nil, key == "architectures" || checkpoint.config["text_config"] == nil
            else { continue }
            var changed = checkpoint
            changed.config[key] = "null"
            // GPT-2 is the one family that has defaults for them; its layers and matrices then do not fit.
            #expect(throws: ConversionError.self, "\(key)") { _ = try Conversions().convert(changed) }
        }
    }

    @Test(arguments: try FamilyGolden.names)
    func weightsOfAnotherWidthThanConfigSaysAreRefused(_ name: String) throws {
        var checkpoint = try FamilyGolden(name).checkpoint()
        let index = try #require(
            checkpoint.tensors.firstIndex {
                guard !$0.name.contains("vis") else { return false }
                return $0.name.hasSuffix("down_proj.weight") || $0.name.hasSuffix("output_linear.weight")
                    || $0.name.hasSuffix(".w2.weight")
                    || $0.name.hasSuffix("ln_1.weight")
                    || $0.name.hasSuffix("experts.down_proj") || $0.name.hasSuffix("down_proj_blocks")
            }
        )
        let tensor = checkpoint.tensors.remove(at: index)
        var shape = tensor.shape
        // Some checkpoints have experts with columns before rows.
        let isTurned = ["gpt-oss", "qwen3-vl-moe"].contains(name)
        shape[shape.count < 3 ? 0 : isTurned ? 2 : 1] *= 2
        checkpoint.add(tensor.name, shape, dtype: tensor.dtype)
        let problem = try Conversions().problem(checkpoint)
        guard case .wrongShape = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }

    @Test(arguments: try FamilyGolden.names)
    func aTensorThatBelongsToNoFamilyIsNamed(_ name: String) throws {
        var checkpoint = try FamilyGolden(name).checkpoint()
        checkpoint.add("model.layers.0.blender.in_proj.weight", [2, 2])
        #expect(try Conversions().problem(checkpoint) == .unknownTensor("model.layers.0.blender.in_proj.weight"))
    }
}
