/// The feed-forward network of a layer.
public enum Network: Sendable, Equatable {
    /// One for all tokens.
    case dense(DenseShape)
    /// A few for each token, of many.
    case experts(ExpertShape)
    /// One for all tokens and a few of many, side by side, each between norms of its own.
    case both(DenseShape, ExpertShape)
    /// None: the layer is a mixer alone.
    case absent
}

extension Network {
    /// - Parameter experts: nil for a layer without.
    init(experts: ExpertShape?, dense: DenseShape, _ family: Family) {
        guard let experts else {
            self = .dense(dense)
            return
        }
        self = family.experts == .besideDense ? .both(dense, experts) : .experts(experts)
    }
}

/// What stands between a network's matrices.
public enum Activation: Sendable, Equatable {
    /// The gate's SiLU.
    case gatedSiLU
    /// The gate's GELU.
    case gatedGELU
    /// The gate's GELU, of what lies more than so many standard deviations above the gate's mean.
    case gatedSparseGELU(deviations: Float)
    /// The gate's SiLU with a steeper sigmoid, times one more than up; both are kept from growing.
    case gatedClampedSiLU
    /// GELU, without a gate.
    case plainGELU
    /// The square of what is positive, without a gate.
    case plainSquaredReLU
    /// xIELU with the layer's own numbers, without a gate.
    case plainXIELU(XIELU)

    /// Whether one matrix decides how much of another's product goes on.
    public var isGated: Bool {
        switch self {
        case .gatedSiLU, .gatedGELU, .gatedSparseGELU, .gatedClampedSiLU: true
        case .plainGELU, .plainSquaredReLU, .plainXIELU: false
        }
    }
}

/// A network that all tokens pass through.
public struct DenseShape: Sendable, Equatable {
    /// Its width.
    public let length: Int
    /// What stands between its matrices.
    public let activation: Activation
    /// Whether gate and up may come in one matrix.
    public let mayFuse: Bool

    /// - Parameter activation: nil for the family's.
    init(length: Int, _ family: Family, activation: Activation? = nil) {
        self.length = length
        self.activation = activation ?? family.activation
        mayFuse = family.fusesMatrices
    }
}
