import Architectures
import GGUF
import Testing

/// Layers of Qwen3.5: gated delta rules, gated attention, and layers that predict further tokens.
@Suite struct GatedDeltaShapeTests {
    private func shape(_ values: [String: MetadataValue] = [:], without missing: String? = nil) throws -> ModelShape {
        var metadata = Metadata()
        metadata.set("general.architecture", .string("qwen35"))
        var common: [String: MetadataValue] = [
            "block_count": .uint32(9), "embedding_length": .uint32(64), "attention.head_count": .uint32(4),
            "attention.head_count_kv": .uint32(2), "feed_forward_length": .uint32(128),
            "attention.layer_norm_rms_epsilon": .float32(1e-6), "nextn_predict_layers": .uint32(1),
            "attention.key_length": .uint32(32), "attention.value_length": .uint32(32),
            "rope.dimension_count": .uint32(8), "ssm.conv_kernel": .uint32(4), "ssm.state_size": .uint32(16),
            "ssm.group_count": .uint32(2), "ssm.time_step_rank": .uint32(4), "ssm.inner_size": .uint32(64),
        ]
        for (key, value) in values { common[key] = value }
        if let missing { common[missing] = nil }
        for (key, value) in common { metadata.set("qwen35.\(key)", value) }
        let shape = try ModelShape(metadata)
        _ = try ModelArithmetic(metadata, of: shape)
        return shape
    }

    @Test func everyFourthLayerAttendsUnlessTheFileListsThem() throws {
        let standard = try shape()
        #expect(standard.layers.count == 8 && standard.predictorCount == 1)
        #expect(standard.layers.map { $0.gatedDelta != nil } == (0..<8).map { ($0 + 1) % 4 != 0 })
        let flags = [true, false, false, true, false, true, false, true, false]
        let listed = try shape(["attention.recurrent_layers": .array(.bool(flags))])
        #expect(listed.layers.map { $0.gatedDelta != nil } == Array(flags.prefix(8)))
        let second = try shape(["full_attention_interval": .uint32(2)])
        #expect(second.attentions.count == 4 && second.attentions.allSatisfy(\.gatesOutput))
    }

    @Test func theStateIsAMatrixForEachValueHeadAndTheConvolutionsTokens() throws {
        let layer = try shape().layers[0]
        #expect(layer.mixer.state.constant == 4 * 16 * 16 + 3 * (2 * 2 * 16 + 64))
        #expect(layer.mixer.state.keys == 0)
    }

    /// What no model has: lists for other layers, and states that overflow.
    static let malformed: [(String, [String: MetadataValue])] = [
        ("a list for other layers", ["attention.recurrent_layers": .array(.bool([true, false]))]),
        ("value heads that no key head has", ["ssm.time_step_rank": .uint32(3), "ssm.inner_size": .uint32(48)]),
        ("an inner size of other heads", ["ssm.inner_size": .uint32(65)]),
        ("a state that overflows", ["ssm.state_size": .uint32(1 << 23), "ssm.inner_size": .uint32(1 << 24)]),
        ("heads beyond any model", ["ssm.time_step_rank": .uint32(1 << 20), "ssm.inner_size": .uint32(1 << 24)]),
        (
            "a matrix beyond any model",
            [
                "ssm.state_size": .uint32(4096), "ssm.time_step_rank": .uint32(4096), "ssm.group_count": .uint32(4096),
                "ssm.inner_size": .uint32(1 << 24),
            ]
        ),
        ("a convolution over nothing", ["ssm.conv_kernel": .uint32(0)]),
        ("a convolution over too much", ["ssm.conv_kernel": .uint32(65)]),
        ("nothing but predictors", ["nextn_predict_layers": .uint32(9)]),
        ("more predictors than layers", ["nextn_predict_layers": .uint32(12)]),
        ("an interval of nothing", ["full_attention_interval": .uint32(0)]),
        ("a negative count of heads", ["ssm.group_count": .int32(-2)]),
    ]

    @Test(arguments: malformed.map(\.0))
    func shapesThatNoModelHasAreRefused(_ name: String) throws {
        let values = try #require(Self.malformed.first { $0.0 == name }).1
        #expect(throws: ShapeProblem.self) { try shape(values) }
    }

    @Test(arguments: ["ssm.conv_kernel", "ssm.state_size", "ssm.group_count", "ssm.time_step_rank", "ssm.inner_size"])
    func everySizeOfTheStateIsNeeded(_ key: String) {
        #expect(throws: GGUFProblem.missingKey("qwen35.\(key)")) { try shape(without: key) }
    }
}
