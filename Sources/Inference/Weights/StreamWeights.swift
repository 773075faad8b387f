import Architectures

/// The weights for predicting and correcting a layer's streams of hidden states, and its detour. Letters: E embedding
/// length, S streams, R rank of the detour.
struct StreamWeights: Sendable {
    /// The norm of the router's input.
    let routerNorm: NormWeights
    /// (S, E).
    let router: Projection
    /// The matrix from the router's output to the share of each stream in each prediction: (S S, S).
    let prediction: Projection
    /// The matrix from the router's output to the correction of each stream: (S, S).
    let correction: Projection
    /// The factors of the first stream before the embedding for the layer is added: (E).
    let correctedScale: [Float]
    /// The detour's matrices, (R, E) and (E, R), and the norm of its output.
    let detourIn: Projection
    let detourOut: Projection
    let detourNorm: NormWeights

    init(_ shape: StreamShape, _ norms: NormRule, width: Int, _ reader: inout TensorReader) throws {
        let (count, rank) = (shape.count, shape.detourRank)
        routerNorm = try NormWeights("altup_router_norm", norms, width: width, &reader)
        router = try Projection("altup_router", rows: count, columns: width, &reader)
        prediction = try Projection("altup_predict_coef", rows: count * count, columns: count, &reader)
        correction = try Projection("altup_correct_coef", rows: count, columns: count, &reader)
        correctedScale = try reader.numbers("altup_correct_scale.weight", [width])
        detourIn = try Projection("laurel_l", rows: rank, columns: width, &reader)
        detourOut = try Projection("laurel_r", rows: width, columns: rank, &reader)
        detourNorm = try NormWeights("laurel_post_norm", norms, width: width, &reader)
    }
}

/// The matrices that create streams from the first hidden state, and that merge them: (E, E) for each stream except the
/// first.
struct StreamEndWeights: Sendable {
    let spread: [Projection]
    let merge: [Projection]

    init(_ shape: StreamShape, width: Int, _ reader: inout TensorReader) throws {
        func stack(_ name: String) throws -> [Projection] {
            try reader.matrices(name, count: shape.count - 1, rows: width, columns: width).map {
                Projection(matrix: $0)
            }
        }
        spread = try stack("altup_proj.weight")
        merge = try stack("altup_unembd_proj.weight")
    }
}
