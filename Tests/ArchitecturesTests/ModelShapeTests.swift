import Architectures
import GGUF
import Testing

@Suite struct ModelShapeTests {
    private func metadata(_ architecture: String, _ values: [String: MetadataValue] = [:]) -> Metadata {
        var metadata = Metadata()
        metadata.set("general.architecture", .string(architecture))
        let common: [String: MetadataValue] = [
            "block_count": .uint32(6), "embedding_length": .uint32(64), "attention.head_count": .uint32(4),
            "feed_forward_length": .uint32(128), "attention.layer_norm_rms_epsilon": .float32(1e-5),
        ]
        for (key, value) in common.merging(values, uniquingKeysWith: { $1 }) {
            metadata.set("\(architecture).\(key)", value)
        }
        return metadata
    }

    private func windows(_ architecture: String, _ values: [String: MetadataValue]) throws -> [Int?] {
        try ModelShape(metadata(architecture, values)).layers.map { $0.attention?.window }
    }

    /// The last of each run looks back without a window; in LFM2 none does. Of other families, only what a file lists.
    @Test(arguments: [
        ("gemma2", [8, nil, 8, nil, 8, nil]), ("gemma3", [8, 8, 8, 8, 8, nil]), ("gemma3n", [8, 8, 8, 8, nil, 8]),
        ("cohere2", [8, 8, 8, nil, 8, 8]), ("lfm2", [8, 8, 8, 8, 8, 8]),
        ("llama", [nil, nil, nil, nil, nil, nil]), ("phi3", [nil, nil, nil, nil, nil, nil]),
        ("somebodys", [nil, nil, nil, nil, nil, nil]),
    ])
    func windowsFollowTheFamily(_ architecture: String, _ expected: [Int?]) throws {
        #expect(try windows(architecture, ["attention.sliding_window": .uint32(8)]) == expected)
    }

    @Test func aListOfWindowsHoldsWhereTheFamilyDoesNotRuleThemOut() throws {
        let flags = [true, false, false, true, true, false]
        let values: [String: MetadataValue] = [
            "attention.sliding_window": .uint32(8), "attention.sliding_window_pattern": .array(.bool(flags)),
        ]
        for name in ["olmo2", "somebodys"] { #expect(try windows(name, values) == flags.map { $0 ? 8 : nil }) }
        for name in ["llama", "qwen2"] { #expect(try windows(name, values) == flags.map { _ in nil }) }
    }

    @Test func layersWithoutKeysConvolveOrAreUnlisted() throws {
        let heads: MetadataValue = .array(.uint32([0, 2, 0, 2, 0, 2]))
        let values = ["attention.head_count_kv": heads, "shortconv.l_cache": .uint32(3)]
        let shape = try ModelShape(metadata("lfm2", values))
        #expect(shape.layers.map(\.mixer.state.constant) == [2 * 64, 0, 2 * 64, 0, 2 * 64, 0])
        #expect(shape.layers.map(\.mixer.state.keys) == [0, 32, 0, 32, 0, 32])
        #expect(shape.layers.map(\.mixer.state.values) == [0, 32, 0, 32, 0, 32])
        #expect(shape.attentions.count == 3)
        #expect(throws: GGUFProblem.missingKey("lfm2.shortconv.l_cache")) {
            try ModelShape(metadata("lfm2", ["attention.head_count_kv": heads]))
        }
        let other = try ModelShape(metadata("somebodys", ["attention.head_count_kv": heads]))
        #expect(other.layers[0].mixer == .unlisted && other.layers[0].mixer.state.constant == 0)
        #expect(throws: ShapeProblem.self) { try ModelShape(metadata("llama", ["attention.head_count_kv": heads])) }
    }

    @Test func onlyFamiliesInFullCanBeComputed() throws {
        let known = metadata("llama")
        #expect(throws: Never.self) { try ModelArithmetic(known, of: ModelShape(known)) }
        for name in ["deci", "somebodys"] {
            let other = metadata(name)
            #expect(throws: ShapeProblem.unsupportedArchitecture(name)) {
                try ModelArithmetic(other, of: ModelShape(other))
            }
            #expect(!Architecture(named: name).isInFull && !Architecture.namesInFull.contains(name))
        }
    }

    @Test func mixturesFollowTheFamily() throws {
        let values: [String: MetadataValue] = [
            "expert_count": .uint32(8), "expert_used_count": .uint32(2), "leading_dense_block_count": .uint32(1),
        ]
        for name in ["llama", "somebodys"] {
            let shape = try ModelShape(metadata(name, values))
            #expect(shape.experts?.count == 8 && shape.experts?.usedCount == 2)
        }
        #expect(try ModelShape(metadata("llama", values)).layers.allSatisfy { $0.network != shape(128) })
        let layers = try ModelShape(metadata("somebodys", values)).layers
        #expect(layers.prefix(2).map { $0.network == shape(128) } == [true, false])
        #expect(try ModelShape(metadata("qwen2", values)).experts == nil)
        let tooMany = values.merging(["expert_used_count": .uint32(9)], uniquingKeysWith: { $1 })
        for name in ["llama", "somebodys"] {
            #expect(throws: ShapeProblem.self) { try ModelShape(metadata(name, tooMany)) }
        }
    }

    /// The network of a model of this width without experts.
    private func shape(_ length: Int) -> Network? {
        try? ModelShape(metadata("llama", ["feed_forward_length": .uint32(UInt32(length))])).layers[0].network
    }
}
