/// What a family's files do not say about it and engines know by its name; the rest is read from the file.
struct FamilyTraits: Sendable, Equatable {
    /// Which two elements of a head turn together under the rotary embedding.
    enum RotaryLayout: Sendable {
        /// Neighbours: 0 and 1, 2 and 3.
        case adjacent
        /// An element of the first half and its counterpart in the second.
        case halves
    }

    /// Where a layer's norms stand around attention and feed-forward network.
    enum NormPlacement: Sendable {
        case before
        /// On what each part adds.
        case after
        case around
    }

    /// Norms on queries and keys.
    enum HeadNorm: Sendable {
        case none
        /// On each head, all with the same weights.
        case perHead
        /// On each head with weights of its own, where the file has them.
        case optionalOwn
        /// On all heads as one row.
        case whole
    }

    enum Activation: Sendable {
        case gatedSiLU
        case gatedGELU
        case plainGELU

        var isGated: Bool { self != .plainGELU }
    }

    /// How positions turn in layers with a sliding window.
    enum LocalRotary: Sendable, Equatable {
        case asElsewhere
        /// By this base unless the file names another, unscaled.
        case base(Float)
        case unscaled
    }

    enum Experts: Sendable {
        case none
        /// Where the file counts any.
        case optional
        case required
        /// Beside a shared expert, whose part a gate decides.
        case withGatedShared
        /// Chosen by biased sigmoids, after some dense layers.
        case requiredAfterDense
    }

    /// nil: positions are learned.
    var rotaryLayout: RotaryLayout? = .halves
    var norm = Norm.Kind.rootMeanSquare
    var hasNormBias = false
    var normPlacement = NormPlacement.before
    var headNorm = HeadNorm.none
    var activation = Activation.gatedSiLU
    var experts = Experts.none
    /// Whether the file may scale embeddings, residuals, attention and logits.
    var hasScales = false
    /// Whether embeddings are multiplied by the root of their width.
    var scalesEmbedding = false
    /// Sliding windows; nil where they are not used, whatever the file says.
    var windows: WindowRule?
    var localRotary = LocalRotary.asElsewhere
    /// Bounds of attention scores and logits unless the file names others; nil where there are none.
    var softCaps: SoftCaps?
    /// Every so many layers one does without positions.
    var layersPerUnturned: Int?
    /// Layers of the family's one size that scales attention by embedding length and not by head length.
    var layersOfLargest: Int?
    /// Whether a layer without a second norm feeds both parts from the first.
    var mayRunInParallel = false
    /// Whether layers without keys convolve instead of attending.
    var hasConvolutions = false
}

/// Which layers see only the last positions.
struct WindowRule: Sendable, Equatable {
    /// Tokens where the file does not say; nil for no window then.
    var size: Int?
    /// The last of so many layers sees everything; nil where all have the window.
    var period: Int?
}

/// Bounds that a hyperbolic tangent keeps; 0 for none.
struct SoftCaps: Sendable, Equatable {
    var attention: Float = 0
    var final: Float = 0
}
