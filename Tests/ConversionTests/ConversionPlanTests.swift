import Conversion
import GGUF
import SystemPackage
import TestSupport
import Testing

@Suite struct ConversionPlanTests {
    private let conversions: Conversions

    init() throws { conversions = try Conversions() }

    @Test(
        arguments: [
            "model.layers.0.mlp.experts.weight", "model.layers.2.mlp.down_proj.weight",
            "model.layers.x.mlp.down_proj.weight",
            "model.layers.-1.mlp.down_proj.weight", "weight", "", "model.layers.0.mlp.down_proj",
            "encoder.embed.weight",
        ].filter { !$0.isEmpty }
    )
    func aTensorWithoutAPlaceIsNamed(_ name: String) throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.add(name, [2, 2])
        #expect(try conversions.problem(checkpoint) == .unknownTensor(name))
    }

    @Test func buffersThatNobodyNeedsAreLeftOut() throws {
        var checkpoint = SmallCheckpoint.llama()
        let count = checkpoint.tensors.count
        checkpoint.add("model.layers.0.self_attn.rotary_emb.inv_freq", [32], dtype: "F32")
        #expect(try conversions.convert(checkpoint).tensors.count == count)
    }

    @Test func twoTensorsOfOneMeaningAreRefused() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.add("model.layers.00.mlp.up_proj.weight", [96, 256])
        #expect(throws: ConversionError.self) { _ = try conversions.convert(checkpoint) }
    }

    @Test func aLayerWithoutTensorsIsNamed() throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.tensors.removeAll { $0.name.hasPrefix("model.layers.1.") }
        #expect(try conversions.problem(checkpoint) == .missingLayerTensors(layer: 1))
        checkpoint = try SmallCheckpoint.phi3()
        checkpoint.config["num_hidden_layers"] = "4000000000"
        #expect(try conversions.problem(checkpoint) == .missingLayerTensors(layer: 2))
    }

    @Test(arguments: [[126, 256], [1, 256], [2, 256]])
    func headsThatDoNotShareTheRowsAreRefused(_ shape: [Int]) throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.tensors.removeAll { $0.name.contains("k_proj") }
        checkpoint.add("model.layers.0.self_attn.k_proj.weight", shape)
        #expect(
            try conversions.problem(checkpoint)
                == .wrongShape(
                    tensor: "model.layers.0.self_attn.k_proj.weight",
                    found: shape,
                    expected: "a first dimension that 2 heads share"
                )
        )
    }

    @Test(arguments: [[0, 4], [1, 1, 1, 1, 4]])
    func emptyAndManyDimensionalTensorsAreRefused(_ shape: [Int]) throws {
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.tensors.removeAll { $0.name == "lm_head.weight" }
        checkpoint.add("lm_head.weight", shape)
        #expect(
            try conversions.problem(checkpoint)
                == .wrongShape(tensor: "lm_head.weight", found: shape, expected: "one to four dimensions of 1 or more")
        )
    }

    @Test func elementsThatAreNoWeightsAreRefused() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.tensors[0].dtype = "I16"
        #expect(
            try conversions.problem(checkpoint)
                == .unsupportedElementType(tensor: "model.embed_tokens.weight", type: "I16")
        )
    }

    @Test func everyFileThatIsReadIsAnInput() throws {
        let folder = try SmallCheckpoint.phi3().write(into: conversions.folder, shards: 2)
        let names = try HuggingFaceFolder(path: folder).inputs.compactMap { $0.lastComponent?.string }
        #expect(
            names.sorted() == [
                "added_tokens.json", "config.json", "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors", "model.safetensors.index.json", "tokenizer.model",
                "tokenizer_config.json",
            ]
        )
    }
}
