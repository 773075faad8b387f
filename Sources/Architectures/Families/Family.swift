/// The differences between an architecture and Llama that files do not contain and engines derive from its name.
/// Everything else is read from the file.
struct Family: Sendable {
    /// The rotary embedding of layers with a sliding window.
    enum LocalRotary: Sendable, Equatable {
        case asElsewhere
        /// With this base unless the file gives another, unscaled.
        case base(Float)
        /// With the base that the file gives for them, if any; scaled like other layers, or unscaled.
        case ownBase(isScaled: Bool)
        case unscaled
    }

    enum Experts: Sendable {
        case none
        /// Used if the file counts any.
        case optional
        case required
        /// With a shared expert that a gate scales.
        case withGatedShared
        /// With a shared expert that a gate scales; the weights of the chosen experts are normalized to a sum of one.
        case withGatedSharedOfOne
        /// Chosen by biased sigmoids, after some dense layers.
        case requiredAfterDense
        /// In parallel with a dense network, if the file counts any; the router has its own norm.
        case besideDense
        /// After some dense layers, with a shared expert if the file gives its width; a bias may affect the choice.
        case besideShared
        /// With a bias for every matrix; experts are chosen by their scores before the softmax.
        case biased
    }

    /// Whether this is enough to run a model; otherwise it only serves estimates and the choice of types.
    var isInFull = true
    /// The layout of rotated pairs; nil for learned positions.
    var rotaryLayout: RotaryLayout? = .adjacent
    var norm = NormRule.Kind.rootMeanSquare
    var hasNormBias = false
    var normPlacement = NormRule.Placement.before
    var headNorm = HeadNorm.none
    var activation = Activation.gatedSiLU
    var experts = Experts.none
    /// Whether the file may scale embeddings, residuals, attention and logits.
    var hasScales = false
    /// Whether the file may switch RoPE off.
    var maySwitchPositions = false
    /// Whether each head has an attention sink: a score that takes weight from all positions and adds nothing.
    var hasSinks = false
    /// Whether embeddings are multiplied by the square root of their width.
    var scalesEmbedding = false
    /// The rule for sliding windows; nil if engines ignore them, whatever the file says.
    var windows: WindowRule?
    var localRotary = LocalRotary.asElsewhere
    /// The default soft caps of attention scores and logits; nil for none.
    var softCaps: SoftCaps?
    /// Every n-th layer skips the rotary embedding (NoPE).
    var layersPerUnturned: Int?
    /// Whether layers without a window skip the rotary embedding, in models that have windows.
    var rotatesWindowsOnly = false
    /// Whether the file may define YaRN's ramp, its attention scale, and the scaling of queries with their position.
    var hasTemperature = false
    /// How a head's pairs are divided among the four positions of a token; nil if a token has one position.
    var sections: PositionSections.Order?
    /// Whether visual features are added to the first layers, as many as the file gives, in addition to the embeddings.
    var hasDeepstack = false
    /// Whether the file's scale of logits is a factor, and the only scale.
    var multipliesLogits = false
    /// The rule for the output matrix.
    var output = OutputRule.embeddingUnlessGiven
    /// The number of layers of the one model that scales attention by the embedding length instead of the head length.
    var layersOfLargest: Int?
    /// Whether a layer without a second norm feeds both parts from the first one.
    var mayRunInParallel = false
    /// Whether layers without keys have a convolution instead of attention.
    var hasConvolutions = false
    /// Whether layers have gated delta rules, except those that the file lists.
    var hasGatedDeltas = false
    /// The layers that have a state space; nil for none.
    var stateSpaces: StateSpaceLayers?
    /// Whether there is neither a rotary embedding nor learned positions.
    var lacksPositions = false
    /// Whether a file may give the epsilon of its norms under the key of another kind of norm.
    var takesEitherEpsilon = false
    /// Whether a second half of the query matrix gates the output of attention.
    var gatesAttention = false
    /// Whether layers that predict further tokens may follow.
    var hasPredictors = false
    /// Whether heads of layers with a window have their own length if the file gives one.
    var hasLocalHeads = false
    /// Whether the last layers may use keys and values of earlier ones.
    var sharesLayers = false
    /// The index of the first layer that does, whatever the file says; nil if the file gives the number of such layers.
    var firstSharing: Int?
    /// Whether layers work on one of several streams of hidden states.
    var hasStreams = false
    /// The number of layers at the beginning whose activations are sparse.
    var sparseLayers = 0
    /// Whether values are normalized per head, without weights.
    var normalizesValues = false
    /// Whether a layer without a value matrix uses its keys as values.
    var mayTakeKeysForValues = false
    /// Whether attention scores are divided by the square root of the head length by default.
    var scalesScores = true
    /// Whether a token may have an additional embedding for each layer.
    var hasLayerInputs = false
    /// Whether a learned factor may scale a layer's output.
    var mayScaleLayers = false
    /// Whether llama.cpp runs the last layer on all tokens, and selects the wanted ones after the last norm.
    var picksRowsLast = false
    /// Whether llama.cpp runs the last layer on all tokens, and selects the wanted ones before the last norm.
    var picksRowsBeforeNorm = false
    /// Whether gate and up may share a matrix, and queries, keys and values another.
    var fusesMatrices = false
    /// The tensor of the last norm, without its ending; nil if layers end with a norm.
    var outputNorm: String? = "output_norm"
    /// The tensor of the norm before a network, without its ending.
    var networkNorm = "ffn_norm"
    /// Whether that name has no ending in files either.
    var networkNormIsBare = false
    /// Whether embeddings are normalized before the first layer.
    var normsEmbedding = false
    /// Whether each token also has an embedding for its text's type; engines use the first type for all.
    var hasTokenTypes = false
    /// Whether the first layer may lack the norm before its mixer.
    var firstMayLackNorm = false
    /// Whether attention is bidirectional, whatever the file says.
    var seesBothWays = false
    /// The classifier that files may have; nil for none.
    var classifier: ClassifierRule?
    /// Whether two further matrices may follow the pooled vector.
    var mayHaveDense = false
    var sumOrder = SumOrder.partFirst
    var storage = StorageRule()

    /// The traits of an unlisted architecture.
    static let unlisted = partial()

    /// Makes an architecture of which only these traits are known.
    static func partial(
        windows: WindowRule = WindowRule(.listed),
        storage: StorageRule = StorageRule()
    ) -> Family {
        Family(isInFull: false, experts: .optional, windows: windows, storage: storage)
    }

    /// All architectures by their names in GGUF.
    static let table = [llamas, qwens, gemmas, phis, liquids, hybrids, others, commands, encoders, partials]
        .reduce(into: [String: Family]()) { table, part in table.merge(part) { first, _ in first } }
}

/// Limits that a hyperbolic tangent enforces (soft caps); 0 for none.
struct SoftCaps: Sendable, Equatable {
    var attention: Float = 0
    var final: Float = 0
}
