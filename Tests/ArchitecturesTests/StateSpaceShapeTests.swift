import Architectures
import GGUF
import Testing

/// Layers with state spaces: Granite 4, Nemotron-H and Falcon-H1.
@Suite struct StateSpaceShapeTests {
    private func shape(
        _ name: String,
        _ values: [String: MetadataValue] = [:],
        without missing: String? = nil
    ) throws -> ModelShape {
        var metadata = Metadata()
        metadata.set("general.architecture", .string(name))
        var common: [String: MetadataValue] = [
            "block_count": .uint32(4), "embedding_length": .uint32(64), "attention.head_count": .uint32(4),
            "attention.head_count_kv": .array(.int32([0, 0, 2, 0])), "feed_forward_length": .uint32(128),
            "attention.layer_norm_rms_epsilon": .float32(1e-6), "attention.key_length": .uint32(32),
            "attention.value_length": .uint32(32), "ssm.conv_kernel": .uint32(4), "ssm.state_size": .uint32(16),
            "ssm.group_count": .uint32(2), "ssm.time_step_rank": .uint32(4), "ssm.inner_size": .uint32(128),
        ]
        for (key, value) in values { common[key] = value }
        if let missing { common[missing] = nil }
        for (key, value) in common { metadata.set("\(name).\(key)", value) }
        let shape = try ModelShape(metadata)
        _ = try ModelArithmetic(metadata, of: shape)
        return shape
    }

    @Test func layersWithoutKeysHaveAStateInGranite() throws {
        let shape = try shape("granitehybrid", ["rope.scaling.finetuned": .bool(false)])
        #expect(shape.layers.map { $0.stateSpace != nil } == [true, true, false, true])
        #expect(shape.attentions.map(\.positions) == [.none])
        let state = try #require(shape.layers[0].stateSpace)
        #expect(state.headLength == 32 && state.channels == 128 + 2 * 2 * 16 && state.inputWidth == 128 + 192 + 4)
        #expect(shape.layers[0].mixer.state.constant == 3 * 192 + 128 * 16 && shape.widestMatrix == 128)
    }

    @Test func aLayerOfNemotronIsAMixerOrANetwork() throws {
        let shape = try shape("nemotron_h", ["feed_forward_length": .array(.int32([0, 96, 0, 96]))])
        #expect(shape.layers.map { $0.mixer == .absent } == [false, true, false, true])
        #expect(shape.layers.map { $0.network == .absent } == [true, false, true, false])
        #expect(shape.layers.map(\.denseLength) == [nil, 96, nil, 96])
        #expect(
            shape.layers[1].norms.networkNorm == "attn_norm"
                && shape.layers[2].attention?.positions == PositionRule.none
        )
        let state = shape.layers[1].mixer.state
        #expect(state.constant == 0 && state.keys == 0)
    }

    @Test func nemotronTakesEitherEpsilon() throws {
        var values: [String: MetadataValue] = [
            "feed_forward_length": .array(.int32([0, 96, 0, 96])), "attention.layer_norm_epsilon": .float32(1e-5),
        ]
        #expect(throws: Never.self) { try shape("nemotron_h", values, without: "attention.layer_norm_rms_epsilon") }
        values["feed_forward_length"] = nil
        #expect(throws: GGUFProblem.self) {
            try shape("granitehybrid", values, without: "attention.layer_norm_rms_epsilon")
        }
    }

    @Test func everyLayerOfFalconHasBoth() throws {
        let shape = try shape("falcon-h1", ["attention.head_count_kv": .uint32(2)])
        #expect(shape.layers.allSatisfy { $0.attention != nil && $0.stateSpace != nil })
        let state = shape.layers[0].mixer.state
        #expect(state.keys == 64 && state.values == 64 && state.constant == 3 * 192 + 128 * 16)
        #expect(shape.layers[0].norms.networkNormIsBare)
    }

    /// What no model has: lists for other layers, and states that overflow.
    static let malformed: [(String, [String: MetadataValue])] = [
        ("a list of heads for other layers", ["attention.head_count_kv": .array(.int32([0, 2]))]),
        ("a negative count of heads", ["attention.head_count_kv": .array(.int32([0, -2, 2, 0]))]),
        ("heads that no group has", ["ssm.time_step_rank": .uint32(3), "ssm.inner_size": .uint32(96)]),
        ("an inner size of other heads", ["ssm.inner_size": .uint32(130)]),
        ("a state that overflows", ["ssm.state_size": .uint32(1 << 23), "ssm.inner_size": .uint32(1 << 24)]),
        ("heads beyond any model", ["ssm.time_step_rank": .uint32(1 << 20), "ssm.inner_size": .uint32(1 << 24)]),
        (
            "a matrix beyond any model",
            ["ssm.state_size": .uint32(4096), "ssm.time_step_rank": .uint32(4096), "ssm.inner_size": .uint32(1 << 23)]
        ),
        (
            "groups that are wider than any model",
            [
                "ssm.group_count": .uint32(4096), "ssm.time_step_rank": .uint32(4096),
                "ssm.state_size": .uint32(4096), "ssm.inner_size": .uint32(4096),
            ]
        ),
        ("a convolution over nothing", ["ssm.conv_kernel": .uint32(0)]),
        ("a convolution over too much", ["ssm.conv_kernel": .uint32(65)]),
        ("no groups", ["ssm.group_count": .uint32(0)]),
        ("widths for other layers", ["feed_forward_length": .array(.int32([96, 96]))]),
        ("a width below zero", ["feed_forward_length": .array(.int32([0, -96, 0, 96]))]),
    ]

    @Test(arguments: malformed.map(\.0), ["granitehybrid", "nemotron_h", "falcon-h1"])
    func shapesThatNoModelHasAreRefused(_ name: String, _ architecture: String) throws {
        let values = try #require(Self.malformed.first { $0.0 == name }).1
        let heads = architecture == "falcon-h1" ? ["attention.head_count_kv": MetadataValue.uint32(2)] : [:]
        #expect(throws: ShapeProblem.self) { try shape(architecture, heads.merging(values) { $1 }) }
    }

    @Test func falconsLayersAllNeedKeys() {
        #expect(throws: ShapeProblem.self) { try shape("falcon-h1") }
    }

    @Test(arguments: ["ssm.conv_kernel", "ssm.state_size", "ssm.group_count", "ssm.time_step_rank", "ssm.inner_size"])
    func everySizeOfTheStateIsNeeded(_ key: String) {
        #expect(throws: GGUFProblem.missingKey("granitehybrid.\(key)")) { try shape("granitehybrid", without: key) }
    }
}
