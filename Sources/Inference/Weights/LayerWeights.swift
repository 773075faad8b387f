import GGUF

/// The weights of one transformer layer. Where a family fuses matrices, the fused one is the only one.
struct LayerWeights: Sendable {
    let headCount: Int
    let keyValueHeadCount: Int
    let feedForwardLength: Int
    let attentionNorm: [Float]
    /// Queries, keys and values, each with the place of its results: one fused matrix or three.
    let queryKeyValue: [Projection]
    let attentionOutput: Projection
    let feedForwardNorm: [Float]
    /// Gate, then up: one fused matrix or two.
    let gateUp: [Projection]
    let down: Projection

    /// A matrix, its bias, and where in a token's row of results its output begins.
    struct Projection: Sendable {
        let matrix: WeightMatrix
        /// Empty for none.
        let bias: [Float]
        var offset = 0
    }

    init(_ index: Int, _ traits: ModelTraits, _ reader: inout TensorReader) throws {
        let width = traits.embeddingLength
        let headLength = traits.headLength
        headCount = traits.headCounts[index]
        keyValueHeadCount = traits.keyValueHeadCounts[index]
        feedForwardLength = traits.feedForwardLengths[index]
        let (queries, keys) = (headCount * headLength, keyValueHeadCount * headLength)

        func name(_ part: String) -> String { "blk.\(index).\(part)" }
        func projection(_ part: String, rows: Int, columns: Int, offset: Int = 0) throws -> Projection {
            Projection(
                matrix: try reader.matrix(name(part) + ".weight", rows: rows, columns: columns),
                bias: try reader.optionalVector(name(part) + ".bias", count: rows) ?? [],
                offset: offset
            )
        }

        attentionNorm = try reader.vector(name("attn_norm.weight"), count: width)
        if reader.file.tensor(named: name("attn_qkv.weight")) != nil {
            queryKeyValue = [try projection("attn_qkv", rows: queries + 2 * keys, columns: width)]
        } else {
            queryKeyValue = [
                try projection("attn_q", rows: queries, columns: width),
                try projection("attn_k", rows: keys, columns: width, offset: queries),
                try projection("attn_v", rows: keys, columns: width, offset: queries + keys),
            ]
        }
        attentionOutput = try projection("attn_output", rows: width, columns: queries)
        feedForwardNorm = try reader.vector(name("ffn_norm.weight"), count: width)
        let hidden = feedForwardLength
        if reader.file.tensor(named: name("ffn_gate.weight")) != nil {
            gateUp = [
                try projection("ffn_gate", rows: hidden, columns: width),
                try projection("ffn_up", rows: hidden, columns: width, offset: hidden),
            ]
        } else if traits.architecture == .phi3 {
            // Phi-3 calls the fused pair "up"; its first half is the gate.
            gateUp = [try projection("ffn_up", rows: 2 * hidden, columns: width)]
        } else {
            throw InferenceProblem.missingTensor(name("ffn_gate.weight"))
        }
        down = try projection("ffn_down", rows: width, columns: hidden)
    }
}
