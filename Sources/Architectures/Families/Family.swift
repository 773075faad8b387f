/// How a family differs from Llama: what its files do not say about it and engines know by its name. The rest is read
/// from the file.
struct Family: Sendable {
    /// The rotary embedding of layers with a sliding window.
    enum LocalRotary: Sendable, Equatable {
        case asElsewhere
        /// By this base unless the file names another, unscaled.
        case base(Float)
        /// By the base that the file names for them, if it does; scaled as elsewhere, or unscaled.
        case ownBase(isScaled: Bool)
        case unscaled
    }

    enum Experts: Sendable {
        case none
        /// Where the file counts any.
        case optional
        case required
        /// Beside a shared expert, whose part a gate decides.
        case withGatedShared
        /// The same; the weights of those that are chosen sum to one.
        case withGatedSharedOfOne
        /// Chosen by biased sigmoids, after some dense layers.
        case requiredAfterDense
        /// Beside a dense network, where the file counts any; the router norms what it reads.
        case besideDense
        /// After some dense layers, beside a shared expert where the file says how wide it is; a bias may count in the choice.
        case besideShared
        /// With a bias for every matrix; the router's scores are compared before they become shares.
        case biased
    }

    /// Whether this is all that it takes to run a model; otherwise it is what estimates and the choice of types need.
    var isInFull = true
    /// nil: positions are learned.
    var rotaryLayout: RotaryLayout? = .adjacent
    var norm = NormRule.Kind.rootMeanSquare
    var hasNormBias = false
    var normPlacement = NormRule.Placement.before
    var headNorm = HeadNorm.none
    var activation = Activation.gatedSiLU
    var experts = Experts.none
    /// Whether the file may scale embeddings, residuals, attention and logits.
    var hasScales = false
    /// Whether the file may switch positions off.
    var maySwitchPositions = false
    /// Whether each head has a score that takes weight from all positions and gives nothing.
    var hasSinks = false
    /// Whether embeddings are multiplied by the root of their width.
    var scalesEmbedding = false
    /// Sliding windows; nil where they are not used, whatever the file says.
    var windows: WindowRule?
    var localRotary = LocalRotary.asElsewhere
    /// Bounds of attention scores and logits unless the file names others; nil where there are none.
    var softCaps: SoftCaps?
    /// Every so many layers one does without positions.
    var layersPerUnturned: Int?
    /// Whether layers without a window do without positions, where the model has windows at all.
    var rotatesWindowsOnly = false
    /// Whether the file may say where YaRN's ramp lies, how it scales attention, and how queries grow with their position.
    var hasTemperature = false
    /// How a head's pairs fall to the four positions of a token; nil where it has one.
    var sections: PositionSections.Order?
    /// Whether what is seen enters so many layers as the file says, beside the embeddings.
    var hasDeepstack = false
    /// Whether the file's scale of logits multiplies them, and stands alone.
    var multipliesLogits = false
    /// The output matrix.
    var output = OutputRule.embeddingUnlessGiven
    /// Layers of the family's one size that scales attention by embedding length and not by head length.
    var layersOfLargest: Int?
    /// Whether a layer without a second norm feeds both parts from the first.
    var mayRunInParallel = false
    /// Whether layers without keys convolve instead of attending.
    var hasConvolutions = false
    /// Whether layers have gated delta rules, but those that the file names.
    var hasGatedDeltas = false
    /// Which layers have a state space; nil for none.
    var stateSpaces: StateSpaceLayers?
    /// Whether there is no rotary embedding although no positions are learned.
    var lacksPositions = false
    /// Whether a file may name the epsilon of its norms as other kinds of norms do.
    var takesEitherEpsilon = false
    /// Whether what attention reads is gated by a second half of the query matrix.
    var gatesAttention = false
    /// Whether layers that predict further tokens may follow.
    var hasPredictors = false
    /// Whether heads of layers with a window have a length of their own, where the file says so.
    var hasLocalHeads = false
    /// Whether the last layers may read keys and values of earlier ones.
    var sharesLayers = false
    /// The first layer that does, whatever the file says; nil where it says how many do.
    var firstSharing: Int?
    /// Whether layers work on one of several streams of hidden states.
    var hasStreams = false
    /// Layers at the beginning whose activations are sparse.
    var sparseLayers = 0
    /// Whether values are normalized head by head, without weights.
    var normalizesValues = false
    /// Whether a layer without a matrix for values takes its keys for them.
    var mayTakeKeysForValues = false
    /// Whether scores of attention are divided by the root of the head length, unless the file says otherwise.
    var scalesScores = true
    /// Whether a token may have an embedding for each layer, too.
    var hasLayerInputs = false
    /// Whether what a layer gives may be multiplied by a number of its own.
    var mayScaleLayers = false
    /// Whether llama.cpp runs the last layer on all tokens, and picks the wanted ones behind the last norm.
    var picksRowsLast = false
    /// The same, where it picks them in front of the last norm.
    var picksRowsBeforeNorm = false
    /// Whether gate and up may come in one matrix, and queries, keys and values in another.
    var fusesMatrices = false
    /// The tensor of the last norm, without its ending; nil where layers end with one.
    var outputNorm: String? = "output_norm"
    /// The tensor of the norm in front of a network, likewise.
    var networkNorm = "ffn_norm"
    /// Whether that name has no ending in files either.
    var networkNormIsBare = false
    /// Whether embeddings are normalized before the first layer.
    var normsEmbedding = false
    /// Whether each token also has an embedding by which of several texts it belongs to; engines take the first for all.
    var hasTokenTypes = false
    /// Whether the first layer may do without the norm in front of its mixer.
    var firstMayLackNorm = false
    /// Whether tokens see those behind them, whatever the file says.
    var seesBothWays = false
    /// The classifier that files may have; nil for none.
    var classifier: ClassifierRule?
    /// Whether two further matrices may follow what is pooled.
    var mayHaveDense = false
    var sumOrder = SumOrder.partFirst
    var storage = StorageRule()

    /// A family that the table does not have.
    static let unlisted = partial()

    /// A family of which no more is known than this.
    static func partial(
        windows: WindowRule = WindowRule(.listed),
        storage: StorageRule = StorageRule()
    ) -> Family {
        Family(isInFull: false, experts: .optional, windows: windows, storage: storage)
    }

    /// All families, by the names that GGUF has for them.
    static let table = [llamas, qwens, gemmas, phis, liquids, hybrids, others, commands, encoders, partials]
        .reduce(into: [String: Family]()) { table, part in table.merge(part) { first, _ in first } }
}

/// Bounds that a hyperbolic tangent keeps; 0 for none.
struct SoftCaps: Sendable, Equatable {
    var attention: Float = 0
    var final: Float = 0
}
