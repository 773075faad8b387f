import Architectures

/// The weights of a mixture of experts: the router's, and those of the networks.
struct ExpertWeights: Sendable {
    let router: Projection
    /// The bias of the gating for the choice; empty for none.
    let choiceBias: [Float]
    let experts: [DenseWeights]
    /// The factors of the router's input, element by element; empty if it reads the experts' input.
    let routerScale: [Float]
    /// The factor of each expert's output; empty for none.
    let partScales: [Float]
    /// The weights of the expert that processes every token.
    let shared: DenseWeights?
    /// The matrix whose product with a token decides the share of the shared expert; nil for all of it.
    let sharedGate: Projection?

    init(_ experts: ExpertShape, width: Int, _ reader: inout TensorReader) throws {
        let (length, count) = (experts.expert.length, experts.count)
        router = try Projection("ffn_gate_inp", rows: count, columns: width, &reader)
        choiceBias =
            switch experts.choiceBias {
            case .none: []
            case .optional: try reader.optionalNumbers("exp_probs_b.bias", [count]) ?? []
            case .required: try reader.numbers("exp_probs_b.bias", [count])
            }
        routerScale = experts.scalesParts ? try reader.numbers("ffn_gate_inp.scale", [width]) : []
        let gateUps = try Self.gateUps(experts, width: width, &reader)
        let downs = try Self.projections("ffn_down_exps", experts, rows: width, columns: length, &reader)
        partScales = experts.scalesParts ? try reader.optionalNumbers("ffn_down_exps.scale", [count]) ?? [] : []
        self.experts = zip(gateUps, downs).map {
            DenseWeights(experts.expert, gateUp: $0, down: $1)
        }
        shared = try experts.shared.map { try DenseWeights("_shexp", $0, width: width, &reader) }
        sharedGate = experts.gatesShared ? try Projection("ffn_gate_inp_shexp", rows: 1, columns: width, &reader) : nil
    }

    /// Reads gate and up of each expert: in one stack each, or in a common one if the family's files may have that.
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
        let gates = try projections("ffn_gate_exps", experts, rows: length, columns: width, &reader)
        let ups = try projections("ffn_up_exps", experts, rows: length, columns: width, offset: length, &reader)
        return zip(gates, ups).map { [$0, $1] }
    }

    /// Reads one matrix of each expert, with its bias if there is one.
    private static func projections(
        _ name: String,
        _ experts: ExpertShape,
        rows: Int,
        columns: Int,
        offset: Int = 0,
        _ reader: inout TensorReader
    ) throws -> [Projection] {
        let matrices = try reader.matrices(name + ".weight", count: experts.count, rows: rows, columns: columns)
        guard experts.hasBiases else { return matrices.map { Projection(matrix: $0, offset: offset) } }
        let biases = try reader.numbers(name + ".bias", [rows, experts.count])
        // If only shapes are checked, there are no numbers.
        return matrices.enumerated().map { index, matrix in
            let own = biases.isEmpty ? [] : Array(biases[(index * rows)..<((index + 1) * rows)])
            return Projection(matrix: matrix, bias: own, offset: offset)
        }
    }
}
