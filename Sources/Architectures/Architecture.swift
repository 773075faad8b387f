import GGUF

/// A model's family, by the name that GGUF has for it.
///
/// No other room compares this name with anything: what follows from it are the values here and in `ModelShape`.
public struct Architecture: Sendable, Hashable {
    /// As in `general.architecture`.
    public let name: String
    let family: Family

    /// - Parameter name: any; what the table does not have is taken for what most models are like.
    public init(named name: String) {
        self.name = name
        family = Family.table[name] ?? .unlisted
    }

    /// The architecture that a GGUF file's metadata name.
    /// - Throws: `GGUFProblem` for files of another kind, and where the name is missing.
    public init(_ metadata: Metadata) throws {
        try metadata.requireModel()
        self.init(named: try metadata.string("general.architecture").required("general.architecture"))
    }

    /// The names of all families whose models this program can run, in order.
    public static let namesInFull = Family.table.filter(\.value.isInFull).map(\.key).sorted()

    /// Whether the table tells all that it takes to run a model.
    public var isInFull: Bool { family.isInFull }

    /// - Throws: `ShapeProblem` where the table does not.
    func requireInFull() throws {
        guard isInFull else { throw ShapeProblem.unsupportedArchitecture(name) }
    }

    /// What llama.cpp's choice of types makes of the family.
    public var storage: StorageRule { family.storage }

    /// In which order a layer's parts are added to the hidden state.
    public var sumOrder: SumOrder { family.sumOrder }

    /// Whether queries, keys and values share a matrix, and gate and up one.
    public var fusesMatrices: Bool { family.fusesMatrices }

    /// Whether what attention reads is gated by a second half of the query matrix.
    public var gatesAttention: Bool { family.gatesAttention }

    /// Whether keys and values are kept from one batch to the next. Of families whose tokens always see both ways engines keep none.
    public var keepsKeys: Bool { !family.seesBothWays }

    /// Whether values are normalized head by head, without weights.
    public var normalizesValues: Bool { family.normalizesValues }

    /// Whether llama.cpp runs the last layer on all tokens, and picks the wanted ones behind the last norm.
    public var picksRowsLast: Bool { family.picksRowsLast }

    /// The same, where it picks them in front of the last norm.
    public var picksRowsBeforeNorm: Bool { family.picksRowsBeforeNorm }

    /// Whether each matrix of an expert has a bias.
    public var biasesExperts: Bool { family.experts == .biased }

    /// Whether queries and keys are normalized head by head.
    public var normalizesHeads: Bool { [.perHead, .perRotatedHead].contains(family.headNorm) }

    /// The streams of hidden states that layers work on one of; nil for a single one.
    public var streams: StreamShape? { StreamShape(family) }

    /// Layers at the beginning whose activations are sparse.
    public var sparseLayerCount: Int { family.sparseLayers }

    /// Where a layer's norms stand.
    public var normPlacement: NormRule.Placement { family.normPlacement }

    /// The name decides.
    public static func == (one: Architecture, other: Architecture) -> Bool { one.name == other.name }

    /// By the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Which of two summands comes first where a part of a layer is added to the hidden state. The sum is the same; in
/// llama.cpp it takes the first one's memory.
public enum SumOrder: Sendable {
    /// What the part computed.
    case partFirst
    /// The same after the mixer, and the state after the network.
    case stateFirstAfterNetwork
    /// The state.
    case stateFirst
}
