import Architectures
import GGUF
import Testing

/// Layers of Gemma 4: heads of two lengths, keys and values of earlier layers, and embeddings for each layer.
@Suite struct SharedLayersTests {
    private static let slides = [true, true, true, false, true, true, false]

    private func shape(_ values: [String: MetadataValue] = [:]) throws -> ModelShape {
        var metadata = Metadata()
        metadata.set("general.architecture", .string("gemma4"))
        let common: [String: MetadataValue] = [
            "block_count": .uint32(7), "embedding_length": .uint32(64), "attention.head_count": .uint32(4),
            "attention.head_count_kv": .uint32(2), "feed_forward_length": .uint32(128),
            "attention.layer_norm_rms_epsilon": .float32(1e-6), "attention.sliding_window": .uint32(8),
            "attention.sliding_window_pattern": .array(.bool(Self.slides)), "attention.shared_kv_layers": .uint32(3),
            "attention.key_length": .uint32(32), "attention.value_length": .uint32(32),
            "attention.key_length_swa": .uint32(16), "attention.value_length_swa": .uint32(16),
            "embedding_length_per_layer_input": .uint32(8), "rope.dimension_count_swa": .uint32(16),
        ]
        for (key, value) in common.merging(values, uniquingKeysWith: { $1 }) { metadata.set("gemma4.\(key)", value) }
        let shape = try ModelShape(metadata)
        _ = try ModelArithmetic(metadata, of: shape)
        return shape
    }

    @Test func theLastLayersReadTheLastOfTheirKindBefore() throws {
        let shape = try shape()
        #expect(shape.attentions.map(\.source) == [nil, nil, nil, nil, 2, 2, 3])
        #expect(shape.attentions.map(\.keyLength) == Self.slides.map { $0 ? 16 : 32 })
        #expect(shape.layers.map(\.mixer.state.keys) == [32, 32, 32, 64, 0, 0, 0])
        #expect(shape.layers.allSatisfy { $0.inputLength == 8 } && shape.widestMatrix == 128)
    }

    /// Scratch memory is as long as the longest row, which in a small model is that of the embeddings for layers.
    @Test func theEmbeddingsForLayersMayBeTheWidestOfAll() throws {
        #expect(try shape(["embedding_length_per_layer_input": .uint32(512)]).widestMatrix == 512)
    }

    @Test func withoutTheKeysAllLayersAreTheirOwnAndAlike() throws {
        let shape = try shape([
            "attention.shared_kv_layers": .uint32(0), "attention.key_length_swa": .uint32(32),
            "attention.value_length_swa": .uint32(32), "embedding_length_per_layer_input": .uint32(0),
        ])
        #expect(shape.attentions.allSatisfy { $0.source == nil && $0.keyLength == 32 })
        #expect(shape.layerInputLength == 0)
    }

    /// What no model has, and would be read past its end or in another layer's form.
    static let malformed: [(String, [String: MetadataValue])] = [
        ("a list of kinds for other layers", ["attention.sliding_window_pattern": .array(.bool([true, false]))]),
        ("a list of widths for other layers", ["feed_forward_length": .array(.int32([128, 128]))]),
        ("a list of heads for other layers", ["attention.head_count_kv": .array(.int32([2]))]),
        ("more shared layers than there are", ["attention.shared_kv_layers": .uint32(8)]),
        ("no layer left that keeps its own", ["attention.shared_kv_layers": .uint32(7)]),
        ("one layer left", ["attention.shared_kv_layers": .uint32(6)]),
        ("a layer that would read one of the other kind", ["attention.shared_kv_layers": .uint32(2)]),
        ("embeddings wider than any model's", ["embedding_length_per_layer_input": .uint32(1 << 23)]),
        ("keys and values of different lengths", ["attention.value_length_swa": .uint32(8)]),
        ("heads without elements", ["attention.key_length_swa": .uint32(0)]),
        ("an odd number of rotated elements", ["rope.dimension_count_swa": .uint32(7)]),
        ("more rotated elements than a head has", ["rope.dimension_count_swa": .uint32(18)]),
        ("a negative count of shared layers", ["attention.shared_kv_layers": .int32(-1)]),
    ]

    @Test(arguments: malformed.map(\.0))
    func shapesThatNoModelHasAreRefused(_ name: String) throws {
        let values = try #require(Self.malformed.first { $0.0 == name }).1
        #expect(throws: ShapeProblem.self) { try shape(values) }
    }

    @Test func theProblemNamesTheLayers() throws {
        let problem = #expect(throws: ShapeProblem.self) { try shape(["attention.shared_kv_layers": .uint32(2)]) }
        #expect(problem?.explanation.contains("layer 5 would read the keys of layer 3") == true)
    }

    @Test func aMixtureStandsBesideTheDenseNetwork() throws {
        let values: [String: MetadataValue] = [
            "expert_count": .uint32(8), "expert_used_count": .uint32(2), "expert_feed_forward_length": .uint32(32),
        ]
        let shape = try shape(values)
        guard case .both(let dense, let experts) = shape.layers[0].network else {
            Issue.record("\(shape.layers[0].network)")
            return
        }
        #expect(dense.length == 128 && experts.expert.length == 32 && experts.normalizesWeights && experts.scalesParts)
    }
}
