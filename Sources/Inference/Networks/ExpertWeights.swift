import Architectures

/// A mixture of experts: what chooses them, and their networks.
struct ExpertWeights: Sendable {
    let router: Projection
    /// Added to the gating for the choice; empty for none.
    let choiceBias: [Float]
    let experts: [DenseWeights]
    /// The expert that sees every token.
    let shared: DenseWeights?
    /// Its product with a token decides how much of the shared expert is added; nil for all of it.
    let sharedGate: Projection?

    init(_ experts: ExpertShape, width: Int, _ reader: inout TensorReader) throws {
        let (length, count) = (experts.expert.length, experts.count)
        router = try Projection("ffn_gate_inp", rows: count, columns: width, &reader)
        choiceBias = experts.hasChoiceBias ? try reader.numbers("exp_probs_b.bias", [count]) : []
        let gates = try reader.matrices("ffn_gate_exps.weight", count: count, rows: length, columns: width)
        let ups = try reader.matrices("ffn_up_exps.weight", count: count, rows: length, columns: width)
        let downs = try reader.matrices("ffn_down_exps.weight", count: count, rows: width, columns: length)
        self.experts = (0..<count).map { index in
            DenseWeights(
                experts.expert,
                gateUp: [Projection(matrix: gates[index]), Projection(matrix: ups[index], offset: length)],
                down: Projection(matrix: downs[index])
            )
        }
        shared = try experts.shared.map { try DenseWeights("_shexp", $0, width: width, &reader) }
        sharedGate = experts.gatesShared ? try Projection("ffn_gate_inp_shexp", rows: 1, columns: width, &reader) : nil
    }
}
