import Architectures

/// A mixture of experts: what chooses them, and their networks.
struct ExpertWeights: Sendable {
    let router: Projection
    /// Added to the gating for the choice; empty for none.
    let choiceBias: [Float]
    let experts: [DenseWeights]
    /// Multiply what the router reads, element by element; empty where it reads what experts do.
    let routerScale: [Float]
    /// Multiply what experts say, one for each; empty for none.
    let partScales: [Float]
    /// The expert that sees every token.
    let shared: DenseWeights?
    /// Its product with a token decides how much of the shared expert is added; nil for all of it.
    let sharedGate: Projection?

    init(_ experts: ExpertShape, width: Int, _ reader: inout TensorReader) throws {
        let (length, count) = (experts.expert.length, experts.count)
        router = try Projection("ffn_gate_inp", rows: count, columns: width, &reader)
        choiceBias = experts.hasChoiceBias ? try reader.numbers("exp_probs_b.bias", [count]) : []
        routerScale = experts.scalesParts ? try reader.numbers("ffn_gate_inp.scale", [width]) : []
        let gateUps = try Self.gateUps(experts, width: width, &reader)
        let downs = try reader.matrices("ffn_down_exps.weight", count: count, rows: width, columns: length)
        partScales = experts.scalesParts ? try reader.optionalNumbers("ffn_down_exps.scale", [count]) ?? [] : []
        self.experts = zip(gateUps, downs).map {
            DenseWeights(experts.expert, gateUp: $0, down: Projection(matrix: $1))
        }
        shared = try experts.shared.map { try DenseWeights("_shexp", $0, width: width, &reader) }
        sharedGate = experts.gatesShared ? try Projection("ffn_gate_inp_shexp", rows: 1, columns: width, &reader) : nil
    }

    /// Gate and up of each expert: in a stack each, or in one where the family's files may have them so.
    private static func gateUps(
        _ experts: ExpertShape,
        width: Int,
        _ reader: inout TensorReader
    ) throws -> [[Projection]] {
        let (length, count) = (experts.expert.length, experts.count)
        if experts.scalesParts, reader.has("ffn_gate_up_exps.weight") {
            let name = "ffn_gate_up_exps.weight"
            return try reader.matrices(name, count: count, rows: 2 * length, columns: width).map {
                [Projection(matrix: $0)]
            }
        }
        let gates = try reader.matrices("ffn_gate_exps.weight", count: count, rows: length, columns: width)
        let ups = try reader.matrices("ffn_up_exps.weight", count: count, rows: length, columns: width)
        return zip(gates, ups).map { [Projection(matrix: $0), Projection(matrix: $1, offset: length)] }
    }
}
