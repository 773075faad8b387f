import Architectures
import GGUF
import Testing

/// Layers of Gemma 3n: streams, keys and values of earlier layers, and sparse networks.
@Suite struct StreamShapeTests {
    private func shape(_ layers: UInt32 = 22, _ values: [String: MetadataValue] = [:]) throws -> ModelShape {
        var metadata = Metadata()
        metadata.set("general.architecture", .string("gemma3n"))
        let common: [String: MetadataValue] = [
            "block_count": .uint32(layers), "embedding_length": .uint32(64), "attention.head_count": .uint32(4),
            "attention.head_count_kv": .uint32(2), "feed_forward_length": .uint32(128),
            "attention.layer_norm_rms_epsilon": .float32(1e-6), "attention.sliding_window": .uint32(8),
            "attention.key_length": .uint32(32), "attention.value_length": .uint32(32),
            "embedding_length_per_layer_input": .uint32(256), "altup.num_inputs": .uint32(4),
            "altup.active_idx": .uint32(0), "attention.shared_kv_layers": .uint32(2),
        ]
        for (key, value) in common.merging(values, uniquingKeysWith: { $1 }) { metadata.set("gemma3n.\(key)", value) }
        let shape = try ModelShape(metadata)
        _ = try ModelArithmetic(metadata, of: shape)
        return shape
    }

    @Test func layersFromTheTwentiethOnReadThoseOfTheirKindBefore() throws {
        let shape = try shape(26)
        #expect(shape.attentions.map(\.source) == Array(repeating: nil, count: 20) + [18, 18, 18, 18, 19, 18])
        #expect(shape.attentions.map { $0.window == nil } == (0..<26).map { ($0 + 1) % 5 == 0 })
        #expect(shape.streams?.count == 4 && shape.stateWidth == 256 && shape.layerInputLength == 256)
        #expect(try self.shape(8).attentions.allSatisfy { $0.source == nil })
    }

    @Test func theFirstTenNetworksAreSparse() throws {
        let sparse = try shape().layers.map { layer in
            guard case .dense(let network) = layer.network, case .gatedSparseGELU = network.activation else {
                return false
            }
            return true
        }
        #expect(sparse == (0..<22).map { $0 < 10 })
    }

    /// What llama.cpp would compute otherwise, or read past its end.
    static let malformed: [(String, [String: MetadataValue])] = [
        ("another number of streams", ["altup.num_inputs": .uint32(3)]),
        ("another stream to work on", ["altup.active_idx": .uint32(1)]),
        ("another embedding for layers", ["embedding_length_per_layer_input": .uint32(128)]),
        ("no embedding for layers", ["embedding_length_per_layer_input": .uint32(0)]),
        ("another bound of logits", ["final_logit_softcapping": .float32(20)]),
        ("a list of kinds for other layers", ["attention.sliding_window_pattern": .array(.bool([true, false]))]),
        (
            "shared layers that read one of another kind",
            ["attention.sliding_window_pattern": .array(.bool((0..<22).map { $0 != 18 }))]
        ),
    ]

    @Test(arguments: malformed.map(\.0))
    func shapesThatAreNotComputedAreRefused(_ name: String) throws {
        let values = try #require(Self.malformed.first { $0.0 == name }).1
        #expect(throws: ShapeProblem.self) { try shape(22, values) }
    }

    @Test func theWindowIsNeeded() {
        #expect(throws: (any Error).self) { try shape(22, ["attention.sliding_window": .string("8")]) }
    }
}
