import Architectures

/// How a layer takes in the embedding that a token has for it.
struct LayerInputWeights: Sendable {
    /// How much of each element is taken: (P, E), P elements of that embedding, E of the hidden state.
    let gate: Projection
    /// Back to the hidden state: (E, P).
    let projection: Projection
    /// On what is added.
    let norm: NormWeights

    init(_ layer: LayerShape, width: Int, _ reader: inout TensorReader) throws {
        gate = try Projection("inp_gate", rows: layer.inputLength, columns: width, &reader)
        projection = try Projection("proj", rows: width, columns: layer.inputLength, &reader)
        norm = try NormWeights("post_norm", layer.norms, width: width, &reader)
    }
}

/// Embeddings that tokens have for every layer, and what the first hidden state adds to them.
struct LayerEmbeddingWeights: Sendable {
    /// (V, L P): tokens, and for each layer P elements.
    let table: WeightMatrix
    /// (L P, E).
    let projection: Projection
    /// On the product's part for each layer.
    let norm: NormWeights

    /// - Returns: nil for a model without.
    init?(_ shape: ModelShape, tokens: Int, _ reader: inout TensorReader) throws {
        let length = shape.layerInputLength
        guard length > 0 else { return nil }
        let all = length * shape.layers.count
        table = try reader.matrix("per_layer_token_embd.weight", rows: tokens, columns: all)
        projection = try Projection("per_layer_model_proj", rows: all, columns: shape.embeddingLength, &reader)
        norm = try NormWeights("per_layer_proj_norm", shape.norms, width: length, &reader)
    }
}
