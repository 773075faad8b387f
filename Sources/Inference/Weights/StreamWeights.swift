import Architectures

/// How a layer predicts and corrects streams of hidden states, and its detour. Letters: E embedding length, S streams, R rank of
/// the detour.
struct StreamWeights: Sendable {
    /// On what the router reads.
    let routerNorm: NormWeights
    /// (S, E).
    let router: Projection
    /// From what the router says to how much of each stream is in each prediction: (S S, S).
    let prediction: Projection
    /// From what the router says to how much each stream is corrected: (S, S).
    let correction: Projection
    /// On the first stream before the embedding for the layer is taken in: (E).
    let correctedScale: [Float]
    /// The detour's matrices, (R, E) and (E, R), and the norm of what it says.
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

/// How the first hidden state becomes streams, and how they become one again: (E, E) for each stream but the first.
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
