import Architectures
import GGUF

/// The weights of one layer. Parts that a family does not have are nil or empty.
struct LayerWeights: Sendable {
    enum Mixer: Sendable {
        case attention(AttentionWeights, AttentionShape)
        case shortConvolution(ShortConvolutionWeights, ShortConvolutionShape)
        case gatedDelta(GatedDeltaWeights, GatedDeltaShape)
        case stateSpace(StateSpaceWeights, StateSpaceShape)
        case attentionAndStateSpace(AttentionWeights, AttentionShape, StateSpaceWeights, StateSpaceShape)
        case absent
    }

    enum Network: Sendable {
        case dense(DenseWeights)
        case experts(ExpertWeights)
        case both(BothNetworksWeights)
        case absent
    }

    let mixerNorm: NormWeights?
    let mixer: Mixer
    let mixerPostNorm: NormWeights?
    let networkNorm: NormWeights?
    let network: Network
    let networkPostNorm: NormWeights?
    /// The norm of the sums of input and output of mixer and network; nil for none.
    let mixerSumNorm: NormWeights?
    let networkSumNorm: NormWeights?
    /// The weights for adding the token's embedding for this layer; nil for none.
    let input: LayerInputWeights?
    /// The factor of the layer's output.
    let scale: Float
    /// The weights for predicting and correcting streams of hidden states; nil for a single one.
    let streams: StreamWeights?

    /// - Parameters:
    ///   - width: the length of the hidden state.
    ///   - streams: nil for a single one.
    init(_ index: Int, _ layer: LayerShape, width: Int, _ streams: StreamShape?, _ reader: inout TensorReader) throws {
        let norms = layer.norms
        reader.prefix = "blk.\(index)."
        defer { reader.prefix = "" }
        let before = norms.placement == .before || norms.placement == .around
        let after = norms.placement == .after || norms.placement == .around
        let onSums = norms.placement == .onSums
        let (mixes, feeds) = (layer.mixer != .absent, layer.network != .absent)
        let lacksFirst = index == 0 && norms.firstMayLackIt && !reader.has("attn_norm.weight")
        mixerNorm = before && mixes && !lacksFirst ? try NormWeights("attn_norm", norms, width: width, &reader) : nil
        mixer = try Mixer(layer.mixer, width: width, &reader)
        // Some checkpoints contain matrices of layers that read the keys and values of others.
        if layer.attention?.source != nil {
            for name in ["attn_k", "attn_v", "attn_k_norm"] { reader.skip("blk.\(index).\(name).weight") }
        }
        mixerPostNorm = after && mixes ? try NormWeights("post_attention_norm", norms, width: width, &reader) : nil
        let networkName = norms.networkNorm + (norms.networkNormIsBare ? "" : ".weight")
        let isParallel = norms.mayFeedBoth && !reader.has(networkName)
        networkNorm =
            before && feeds && !isParallel
            ? try NormWeights(norms.networkNorm, norms, isBare: norms.networkNormIsBare, width: width, &reader) : nil
        mixerSumNorm = onSums ? try NormWeights("attn_output_norm", norms, width: width, &reader) : nil
        networkSumNorm = onSums ? try NormWeights("layer_output_norm", norms, width: width, &reader) : nil
        network =
            switch layer.network {
            case .dense(let network): .dense(try DenseWeights("", network, width: width, &reader))
            case .experts(let experts): .experts(try ExpertWeights(experts, width: width, &reader))
            case .both(let dense, let experts):
                .both(try BothNetworksWeights(dense, experts, norms, width: width, &reader))
            case .absent: .absent
            }
        networkPostNorm = after && feeds ? try NormWeights("post_ffw_norm", norms, width: width, &reader) : nil
        input = layer.inputLength > 0 ? try LayerInputWeights(layer, width: width, &reader) : nil
        scale = layer.mayBeScaled ? try reader.optionalNumbers("layer_output_scale.weight", [1])?.first ?? 1 : 1
        self.streams = try streams.map { try StreamWeights($0, norms, width: width, &reader) }
    }
}

extension LayerWeights.Mixer {
    fileprivate init(_ mixer: Architectures.Mixer, width: Int, _ reader: inout TensorReader) throws {
        switch mixer {
        case .attention(let shape):
            self = .attention(try AttentionWeights(shape, width: width, &reader), shape)
        case .shortConvolution(let shape):
            self = .shortConvolution(try ShortConvolutionWeights(shape, &reader), shape)
        case .gatedDelta(let shape):
            self = .gatedDelta(try GatedDeltaWeights(shape, width: width, &reader), shape)
        case .stateSpace(let shape):
            self = .stateSpace(try StateSpaceWeights(shape, width: width, &reader), shape)
        case .attentionAndStateSpace(let attention, let space):
            self = .attentionAndStateSpace(
                try AttentionWeights(attention, width: width, &reader),
                attention,
                try StateSpaceWeights(space, width: width, &reader),
                space
            )
        case .absent:
            self = .absent
        case .unlisted:
            throw InferenceProblem.shape(.unsupportedValue(key: "attention.head_count_kv", value: "0"))
        }
    }
}

/// The factors and the bias of a norm; empty for none.
struct NormWeights: Sendable {
    let weight: [Float]
    let bias: [Float]

    /// - Parameter isBare: whether the name of the factors has no ending.
    init(_ name: String, _ rule: NormRule, isBare: Bool = false, width: Int, _ reader: inout TensorReader) throws {
        weight = try reader.numbers(isBare ? name : name + ".weight", [width])
        bias = rule.hasBias ? try reader.numbers(name + ".bias", [width]) : []
    }
}

/// A matrix, its bias, and the start of its output in a token's row of results.
struct Projection: Sendable {
    let matrix: WeightMatrix
    /// The bias; empty for none.
    let bias: [Float]
    var offset = 0

    init(matrix: WeightMatrix, bias: [Float] = [], offset: Int = 0) {
        (self.matrix, self.bias, self.offset) = (matrix, bias, offset)
    }

    init(_ name: String, rows: Int, columns: Int, offset: Int = 0, _ reader: inout TensorReader) throws {
        matrix = try reader.matrix(name + ".weight", rows: rows, columns: columns)
        bias = try reader.optionalNumbers(name + ".bias", [rows]) ?? []
        self.offset = offset
    }
}
