import Architectures
import GGUF
import Tensors

/// All weights of a model, read from a file by the names and shapes that follow from its metadata.
struct ModelWeights: Sendable {
    let tokenEmbedding: WeightMatrix
    /// The embedding of positions, added to that of tokens; nil for a model with a rotary embedding.
    let positionEmbedding: WeightMatrix?
    /// The embeddings of tokens for each layer; nil for a model without them.
    let layerEmbedding: LayerEmbeddingWeights?
    /// The weights for creating and merging streams of hidden states; nil for a single one.
    let streamEnds: StreamEndWeights?
    /// The vector added to every token's embedding; empty for none.
    let tokenType: [Float]
    /// The norm of embeddings before the first layer; nil for none.
    let embeddingNorm: NormWeights?
    let layers: [LayerWeights]
    /// The norm before the output; nil if layers end with one.
    let outputNorm: NormWeights?
    let output: Projection
    /// The weights after a text is pooled.
    let text: TextWeights
    /// The divisors of the rotary angles: for every context, or for contexts up to and beyond the original one.
    let rotaryFactors: [Float]
    let shortFactors: [Float]
    let longFactors: [Float]

    /// - Parameter tokens: the number of tokens in the vocabulary.
    /// - Throws: `InferenceProblem` for a tensor that is missing, has another shape, or is unknown.
    init(_ shape: ModelShape, _ arithmetic: ModelArithmetic, tokens: Int, _ reader: inout TensorReader) throws {
        let width = shape.embeddingLength
        tokenEmbedding = try reader.matrix("token_embd.weight", rows: tokens, columns: width)
        positionEmbedding = try arithmetic.learnedPositions.map {
            try reader.matrix("position_embd.weight", rows: $0, columns: width)
        }
        let types = shape.input.typeCount
        let rows = types > 0 ? try reader.optionalNumbers("token_types.weight", [width, types]) ?? [] : []
        tokenType = Array(rows.prefix(width))
        embeddingNorm =
            shape.input.isNormalized ? try NormWeights("token_embd_norm", shape.norms, width: width, &reader) : nil
        layerEmbedding = try LayerEmbeddingWeights(shape, tokens: tokens, &reader)
        streamEnds = try shape.streams.map { try StreamEndWeights($0, width: width, &reader) }
        layers = try shape.layers.enumerated().map {
            try LayerWeights($0, $1, width: width, shape.streams, &reader)
        }
        for prefix in shape.predictorPrefixes { reader.skip(allOf: prefix) }
        outputNorm = try shape.outputNorm.map { try NormWeights($0, shape.norms, width: width, &reader) }
        // Without its own output matrix, a model uses the transposed embedding.
        let output: WeightMatrix? =
            switch shape.output {
            case .embeddingUnlessGiven: try reader.optionalMatrix("output.weight", rows: tokens, columns: width)
            case .given: try reader.matrix("output.weight", rows: tokens, columns: width)
            case .embedding, .none: nil
            }
        self.output = Projection(
            matrix: output ?? tokenEmbedding,
            bias: try reader.optionalNumbers("output.bias", [tokens]) ?? []
        )
        text = try TextWeights(shape.text, shape.norms, width: width, &reader)
        let pairs = (arithmetic.rotary?.dimensions ?? 0) / 2
        rotaryFactors = try Self.factors("rope_freqs.weight", pairs, &reader)
        shortFactors = try Self.factors("rope_factors_short.weight", pairs, &reader)
        longFactors = try Self.factors("rope_factors_long.weight", pairs, &reader)
        // Old converters also wrote the unscaled frequencies, which follow from the base.
        for index in shape.layers.indices { reader.skip("blk.\(index).attn_rot_embd.freqs") }
        try reader.requireAllTaken()
    }

    private static func factors(_ name: String, _ count: Int, _ reader: inout TensorReader) throws -> [Float] {
        let factors = try reader.optionalNumbers(name, [count]) ?? []
        if let bad = factors.first(where: { !$0.isFinite || $0 == 0 }) {
            throw InferenceProblem.badValue(key: name, value: "\(bad)", expected: "finite numbers other than 0")
        }
        return factors
    }
}
