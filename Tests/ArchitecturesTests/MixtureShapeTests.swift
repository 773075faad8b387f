import Architectures
import GGUF
import Testing

/// Mixtures of experts: gpt-oss, ERNIE 4.5, Granite 3 and Qwen3-VL.
@Suite struct MixtureShapeTests {
    private func metadata(_ architecture: String, _ values: [String: MetadataValue]) -> Metadata {
        var metadata = Metadata()
        metadata.set("general.architecture", .string(architecture))
        let common: [String: MetadataValue] = [
            "block_count": .uint32(4), "embedding_length": .uint32(64), "attention.head_count": .uint32(4),
            "attention.head_count_kv": .uint32(2), "feed_forward_length": .uint32(128),
            "attention.layer_norm_rms_epsilon": .float32(1e-5), "expert_count": .uint32(8),
            "expert_used_count": .uint32(2),
        ]
        for (key, value) in common.merging(values, uniquingKeysWith: { $1 }) {
            metadata.set("\(architecture).\(key)", value)
        }
        return metadata
    }

    private func shape(_ architecture: String, _ values: [String: MetadataValue] = [:]) throws -> ModelShape {
        let metadata = metadata(architecture, values)
        let shape = try ModelShape(metadata)
        _ = try ModelArithmetic(metadata, of: shape)
        return shape
    }

    private let window: [String: MetadataValue] = ["attention.sliding_window": .uint32(32)]
    private let ernie: [String: MetadataValue] = [
        "interleave_moe_layer_step": .uint32(1), "leading_dense_block_count": .uint32(1),
        "expert_feed_forward_length": .uint32(32), "expert_shared_feed_forward_length": .uint32(64),
    ]

    @Test func everyOtherLayerOfGPTOSSHasAWindowAndAllHaveSinksAndBiases() throws {
        let shape = try shape("gpt-oss", window)
        #expect(shape.attentions.map(\.window) == [32, nil, 32, nil])
        #expect(shape.attentions.allSatisfy { $0.hasSinks })
        let experts = try #require(shape.experts)
        #expect(experts.hasBiases && experts.gating == .softmaxOfChosen && !experts.normalizesWeights)
        #expect(experts.expert.activation == .gatedClampedSiLU && experts.expert.activation.isGated)
    }

    @Test func anotherBaseInWindowsOfGPTOSSKeepsTheScaling() throws {
        let scaled = window.merging([
            "rope.scaling.type": .string("yarn"), "rope.scaling.factor": .float32(4),
            "rope.freq_base_swa": .float32(500),
        ]) { $1 }
        let file = metadata("gpt-oss", scaled)
        let arithmetic = try ModelArithmetic(file, of: ModelShape(file))
        #expect(arithmetic.localRotary?.base == 500 && arithmetic.rotary?.base == 10000)
        #expect(arithmetic.localRotary?.usesYaRN == true)
        #expect(arithmetic.localRotary?.magnitude == arithmetic.rotary?.magnitude)
    }

    @Test func theFirstLayersOfERNIEHaveNoExpertsAndTheOthersOneThatIsShared() throws {
        let shape = try shape("ernie4_5-moe", ernie)
        guard case .dense(let dense) = shape.layers[0].network, case .experts(let experts) = shape.layers[1].network
        else {
            Issue.record("\(shape.layers.map(\.network))")
            return
        }
        #expect(dense.length == 128 && experts.expert.length == 32 && experts.shared?.length == 64)
        #expect(experts.choiceBias == .optional && !experts.gatesShared && experts.normalizesWeights)
    }

    /// The switch for positions is Granite's, and not that of its mixtures.
    @Test func positionsOfGranitesMixturesCannotBeSwitchedOff() throws {
        let off: [String: MetadataValue] = [
            "rope.scaling.finetuned": .bool(false), "logit_scale": .float32(6),
            "expert_shared_feed_forward_length": .uint32(48),
        ]
        let shape = try shape("granitemoe", off)
        #expect(shape.attentions.allSatisfy { $0.positions == .everywhere })
        #expect(shape.experts?.shared?.length == 48 && shape.experts?.expert.length == 128)
        #expect(try self.shape("granite", off).attentions.allSatisfy { $0.positions == PositionRule.none })
    }

    /// What no engine runs.
    @Test func filesThatEnginesRefuseAreRefused() {
        let cases: [(String, [String: MetadataValue])] = [
            ("gpt-oss", [:]), ("gpt-oss", window.merging(["expert_count": .uint32(0)]) { $1 }),
            ("gpt-oss", window.merging(["expert_used_count": .uint32(9)]) { $1 }),
            ("gpt-oss", window.merging(["attention.sliding_window_pattern": .array(.bool([true]))]) { $1 }),
            ("gpt-oss", window.merging(["rope.freq_base_swa": .float32(1)]) { $1 }),
            ("ernie4_5-moe", ernie.merging(["interleave_moe_layer_step": .uint32(2)]) { $1 }),
            ("ernie4_5-moe", ernie.filter { $0.key != "interleave_moe_layer_step" }),
            ("ernie4_5-moe", ernie.merging(["leading_dense_block_count": .int32(-1)]) { $1 }),
            ("qwen3vlmoe", [:]),
            ("qwen3vlmoe", ["rope.dimension_sections": .array(.int32([4, 2, 2]))]),
        ]
        for (architecture, values) in cases {
            #expect(throws: (any Error).self, "\(architecture) \(values)") { try shape(architecture, values) }
        }
    }
}
