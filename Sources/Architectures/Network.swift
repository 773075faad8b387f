/// The feed-forward network of a layer.
public enum Network: Sendable, Equatable {
    /// One network for all tokens.
    case dense(DenseShape)
    /// Many networks, of which each token uses a few.
    case experts(ExpertShape)
    /// A dense network and experts in parallel, each between its own norms.
    case both(DenseShape, ExpertShape)
    /// No network: the layer is only a mixer.
    case absent
}

extension Network {
    /// - Parameter experts: nil for a layer without experts.
    init(experts: ExpertShape?, dense: DenseShape, _ family: Family) {
        guard let experts else {
            self = .dense(dense)
            return
        }
        self = family.experts == .besideDense ? .both(dense, experts) : .experts(experts)
    }
}

/// The activation between a network's matrices.
public enum Activation: Sendable, Equatable {
    /// SiLU of the gate.
    case gatedSiLU
    /// GELU of the gate.
    case gatedGELU
    /// GELU of the gate's excess over its mean plus this many standard deviations.
    case gatedSparseGELU(deviations: Float)
    /// SiLU of the gate with a steeper sigmoid, times up plus one; both are clamped.
    case gatedClampedSiLU
    /// GELU, without a gate.
    case plainGELU
    /// The square of the positive part, without a gate.
    case plainSquaredReLU
    /// xIELU with the layer's own parameters, without a gate.
    case plainXIELU(XIELU)

    /// Whether the product of one matrix gates that of another.
    public var isGated: Bool {
        switch self {
        case .gatedSiLU, .gatedGELU, .gatedSparseGELU, .gatedClampedSiLU: true
        case .plainGELU, .plainSquaredReLU, .plainXIELU: false
        }
    }
}

/// A network that all tokens use.
public struct DenseShape: Sendable, Equatable {
    /// Its width.
    public let length: Int
    /// The activation between its matrices.
    public let activation: Activation
    /// Whether gate and up may share a matrix.
    public let mayFuse: Bool

    /// - Parameter activation: nil for that of the architecture.
    init(length: Int, _ family: Family, activation: Activation? = nil) {
        self.length = length
        self.activation = activation ?? family.activation
        mayFuse = family.fusesMatrices
    }
}
