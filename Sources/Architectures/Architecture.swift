import GGUF

/// A model's architecture, by its name in GGUF.
///
/// No other module compares this name: everything that depends on it is a value here or in `ModelShape`.
public struct Architecture: Sendable, Hashable {
    /// The value of `general.architecture`.
    public let name: String
    let family: Family

    /// - Parameter name: any name; an unlisted one gets the traits that most models share.
    public init(named name: String) {
        self.name = name
        family = Family.table[name] ?? .unlisted
    }

    /// The architecture in a GGUF file's metadata.
    /// - Throws: `GGUFProblem` if the file is of another kind, or the name is missing.
    public init(_ metadata: Metadata) throws {
        try metadata.requireModel()
        self.init(named: try metadata.string("general.architecture").required("general.architecture"))
    }

    /// The names of all architectures that this program can run, sorted.
    public static let namesInFull = Family.table.filter(\.value.isInFull).map(\.key).sorted()

    /// Whether the table has everything that is needed to run a model.
    public var isInFull: Bool { family.isInFull }

    /// - Throws: `ShapeProblem` if the table does not have everything that is needed to run a model.
    func requireInFull() throws {
        guard isInFull else { throw ShapeProblem.unsupportedArchitecture(name) }
    }

    /// The rules of llama.cpp's choice of tensor types for this architecture.
    public var storage: StorageRule { family.storage }

    /// The order of the summands when a layer's parts are added to the hidden state.
    public var sumOrder: SumOrder { family.sumOrder }

    /// Whether queries, keys and values share a matrix, and gate and up another.
    public var fusesMatrices: Bool { family.fusesMatrices }

    /// Whether a second half of the query matrix gates the output of attention.
    public var gatesAttention: Bool { family.gatesAttention }

    /// Whether keys and values are cached between batches. Engines cache none for architectures with bidirectional
    /// attention.
    public var keepsKeys: Bool { !family.seesBothWays }

    /// Whether values are normalized per head, without weights.
    public var normalizesValues: Bool { family.normalizesValues }

    /// Whether llama.cpp runs the last layer on all tokens, and selects the wanted ones after the last norm.
    public var picksRowsLast: Bool { family.picksRowsLast }

    /// Whether llama.cpp runs the last layer on all tokens, and selects the wanted ones before the last norm.
    public var picksRowsBeforeNorm: Bool { family.picksRowsBeforeNorm }

    /// Whether each matrix of an expert has a bias.
    public var biasesExperts: Bool { family.experts == .biased }

    /// Whether queries and keys are normalized per head.
    public var normalizesHeads: Bool { [.perHead, .perRotatedHead].contains(family.headNorm) }

    /// The streams of hidden states, of which layers work on one; nil for a single hidden state.
    public var streams: StreamShape? { StreamShape(family) }

    /// The number of layers at the beginning whose activations are sparse.
    public var sparseLayerCount: Int { family.sparseLayers }

    /// The positions of a layer's norms.
    public var normPlacement: NormRule.Placement { family.normPlacement }

    /// Compares the names.
    public static func == (one: Architecture, other: Architecture) -> Bool { one.name == other.name }

    /// Hashes the name.
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// The order of the summands when a part of a layer is added to the hidden state. The sum is the same, but in llama.cpp
/// it reuses the memory of the first one.
public enum SumOrder: Sendable {
    /// The part's output comes first.
    case partFirst
    /// The part's output comes first after the mixer, and the state after the network.
    case stateFirstAfterNetwork
    /// The state comes first.
    case stateFirst
}
