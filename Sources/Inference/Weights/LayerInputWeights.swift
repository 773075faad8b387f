import Architectures

/// The weights for adding a token's embedding for a layer.
struct LayerInputWeights: Sendable {
    /// The gate of each element: (P, E), P elements of that embedding, E of the hidden state.
    let gate: Projection
    /// The projection back to the hidden state: (E, P).
    let projection: Projection
    /// The norm of the added numbers.
    let norm: NormWeights

    init(_ layer: LayerShape, width: Int, _ reader: inout TensorReader) throws {
        gate = try Projection("inp_gate", rows: layer.inputLength, columns: width, &reader)
        projection = try Projection("proj", rows: width, columns: layer.inputLength, &reader)
        norm = try NormWeights("post_norm", layer.norms, width: width, &reader)
    }
}

/// The weights of token embeddings for every layer, and of the first hidden state's contribution.
struct LayerEmbeddingWeights: Sendable {
    /// The table: (V, L P), tokens, and P elements for each layer.
    let table: WeightMatrix
    /// (L P, E).
    let projection: Projection
    /// The norm of each layer's part of the product.
    let norm: NormWeights

    /// - Returns: nil for a model without such embeddings.
    init?(_ shape: ModelShape, tokens: Int, _ reader: inout TensorReader) throws {
        let length = shape.layerInputLength
        guard length > 0 else { return nil }
        let all = length * shape.layers.count
        table = try reader.matrix("per_layer_token_embd.weight", rows: tokens, columns: all)
        projection = try Projection("per_layer_model_proj", rows: all, columns: shape.embeddingLength, &reader)
        norm = try NormWeights("per_layer_proj_norm", shape.norms, width: length, &reader)
    }
}
