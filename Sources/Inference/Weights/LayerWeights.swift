import GGUF

/// The weights of one layer. What a family does not have is nil or empty.
struct LayerWeights: Sendable {
    enum Mixer: Sendable {
        case attention(AttentionWeights, AttentionTraits)
        case convolution(ConvolutionWeights)
    }

    enum FeedForward: Sendable {
        case dense(DenseWeights)
        case experts(ExpertWeights)
    }

    let mixerNorm: NormWeights?
    let mixer: Mixer
    let mixerPostNorm: NormWeights?
    let feedForwardNorm: NormWeights?
    let feedForward: FeedForward
    let feedForwardPostNorm: NormWeights?

    init(_ index: Int, _ traits: ModelTraits, _ reader: inout TensorReader) throws {
        let (family, layer) = (traits.family, traits.layers[index])
        reader.prefix = "blk.\(index)."
        defer { reader.prefix = "" }
        let (before, after) = (family.normPlacement != .after, family.normPlacement != .before)
        mixerNorm = before ? try NormWeights("attn_norm", traits, &reader) : nil
        if let attention = layer.attention {
            mixer = .attention(try AttentionWeights(attention, traits, &reader), attention)
        } else {
            mixer = .convolution(try ConvolutionWeights(traits, &reader))
        }
        mixerPostNorm = after ? try NormWeights("post_attention_norm", traits, &reader) : nil
        let isParallel = family.mayRunInParallel && !reader.has("ffn_norm.weight")
        feedForwardNorm = before && !isParallel ? try NormWeights("ffn_norm", traits, &reader) : nil
        if layer.hasExperts, let experts = traits.experts {
            feedForward = .experts(try ExpertWeights(experts, traits, &reader))
        } else {
            let length = layer.feedForwardLength
            feedForward = .dense(try DenseWeights("", length: length, traits, &reader))
        }
        feedForwardPostNorm = after ? try NormWeights("post_ffw_norm", traits, &reader) : nil
    }
}

/// What a norm multiplies with, and what it adds; empty for nothing.
struct NormWeights: Sendable {
    let weight: [Float]
    let bias: [Float]

    init(_ name: String, _ traits: ModelTraits, _ reader: inout TensorReader) throws {
        weight = try reader.numbers(name + ".weight", [traits.embeddingLength])
        bias = traits.family.hasNormBias ? try reader.numbers(name + ".bias", [traits.embeddingLength]) : []
    }
}

/// A matrix, its bias, and where in a token's row of results its output begins.
struct Projection: Sendable {
    let matrix: WeightMatrix
    /// Empty for none.
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

struct AttentionWeights: Sendable {
    /// Queries, keys and values, each with the place of its results: one fused matrix or three.
    let queryKeyValue: [Projection]
    let output: Projection
    /// For one head, for each or for all of them, as the family has it; empty for none.
    let queryNorm: [Float]
    let keyNorm: [Float]

    init(_ attention: AttentionTraits, _ traits: ModelTraits, _ reader: inout TensorReader) throws {
        let (width, headLength) = (traits.embeddingLength, traits.headLength)
        let (queries, keys) = (attention.headCount * headLength, attention.keyValueHeadCount * headLength)
        if reader.has("attn_qkv.weight") {
            queryKeyValue = [try Projection("attn_qkv", rows: queries + 2 * keys, columns: width, &reader)]
        } else {
            queryKeyValue = [
                try Projection("attn_q", rows: queries, columns: width, &reader),
                try Projection("attn_k", rows: keys, columns: width, offset: queries, &reader),
                try Projection("attn_v", rows: keys, columns: width, offset: queries + keys, &reader),
            ]
        }
        output = try Projection("attn_output", rows: width, columns: queries, &reader)

        func norm(_ name: String, _ heads: Int) throws -> [Float] {
            switch traits.family.headNorm {
            case .none: []
            case .perHead: try reader.numbers(name, [headLength])
            case .optionalOwn: try reader.optionalNumbers(name, [headLength, heads]) ?? []
            case .whole: try reader.numbers(name, [headLength * heads])
            }
        }
        queryNorm = try norm("attn_q_norm.weight", attention.headCount)
        keyNorm = try norm("attn_k_norm.weight", attention.keyValueHeadCount)
    }
}

struct ConvolutionWeights: Sendable {
    /// Two gates and what they gate.
    let input: Projection
    /// For each element of the hidden state the factors of the last tokens, the oldest first.
    let kernel: [Float]
    let output: Projection

    init(_ traits: ModelTraits, _ reader: inout TensorReader) throws {
        let width = traits.embeddingLength
        input = try Projection("shortconv.in_proj", rows: 3 * width, columns: width, &reader)
        kernel = try reader.numbers("shortconv.conv.weight", [traits.convolutionLength, width])
        output = try Projection("shortconv.out_proj", rows: width, columns: width, &reader)
    }
}

struct DenseWeights: Sendable {
    let length: Int
    /// Gate, then up: one fused matrix or two. Up alone where there is no gate.
    let gateUp: [Projection]
    let down: Projection

    init(length: Int, gateUp: [Projection], down: Projection) {
        (self.length, self.gateUp, self.down) = (length, gateUp, down)
    }

    /// - Parameter suffix: ends the tensors' names.
    init(_ suffix: String, length: Int, _ traits: ModelTraits, _ reader: inout TensorReader) throws {
        let (width, family) = (traits.embeddingLength, traits.family)
        self.length = length
        if !family.activation.isGated {
            gateUp = [try Projection("ffn_up" + suffix, rows: length, columns: width, &reader)]
        } else if traits.architecture == .phi3, !reader.has("ffn_gate\(suffix).weight") {
            // Phi-3 calls the fused pair "up"; its first half is the gate.
            gateUp = [try Projection("ffn_up" + suffix, rows: 2 * length, columns: width, &reader)]
        } else {
            gateUp = [
                try Projection("ffn_gate" + suffix, rows: length, columns: width, &reader),
                try Projection("ffn_up" + suffix, rows: length, columns: width, offset: length, &reader),
            ]
        }
        down = try Projection("ffn_down" + suffix, rows: width, columns: length, &reader)
    }
}
