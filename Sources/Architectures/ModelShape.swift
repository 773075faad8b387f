import GGUF

/// What a model is made of, from a GGUF file's metadata, checked so that later code may rely on it.
///
/// Of a family that the table has in full this is what engines make of it; of others what memory depends on. What is
/// computed with beside the shapes is `ModelArithmetic`.
public struct ModelShape: Sendable, Equatable {
    /// The family that the model is of.
    public let architecture: Architecture
    /// Width of the hidden state.
    public let embeddingLength: Int
    /// From the first to the last.
    public let layers: [LayerShape]
    /// Layers behind these that predict further tokens (MTP); they are kept in a file and not run.
    public let predictorCount: Int
    /// Elements of one head's key in layers without a window; others may have heads of their own length.
    public let headLength: Int
    /// Likewise of its value; 0 where attention is latent and a key serves as its value.
    public let valueLength: Int
    /// The mixture that layers have; nil for a model without experts.
    public let experts: ExpertShape?
    /// Width of the widest network where a layer has no experts, even if all have; 0 where the file does not say.
    public let feedForwardLength: Int
    /// The context for which the model was trained, in tokens; nil where the file does not say.
    public let trainedContext: Int?
    /// The norm in front of the output, which is of the layers' kind.
    public let norms: NormRule
    /// The tensor of that norm, without its ending; nil where layers end with one.
    public let outputNorm: String?
    /// Where the output matrix is.
    public let output: OutputRule
    /// What it is given for each token.
    public let input: InputShape
    /// The streams that layers work on one of; nil for a single hidden state.
    public let streams: StreamShape?
    /// What it gives for a text as a whole.
    public let text: TextOutput

    /// Far beyond any model; keeps a damaged file from asking for huge tables.
    private static let mostLayers = 4096
    private static let predictors = "nextn_predict_layers"

    /// - Throws: `ShapeProblem`, or `GGUFProblem` for a missing key or a value of the wrong type.
    public init(_ metadata: Metadata) throws {
        architecture = try Architecture(metadata)
        let keys = ShapeReader(metadata, architecture)
        let family = architecture.family
        embeddingLength = try keys.requiredPositive("embedding_length")
        let experts = try ExpertShape(keys, family)
        let count = try keys.requiredPositive("block_count")
        guard count <= Self.mostLayers else { throw keys.bad("block_count", count, "1 to \(Self.mostLayers)") }
        predictorCount = family.hasPredictors ? try keys.whole(Self.predictors, from: 0) ?? 0 : 0
        guard predictorCount < count else {
            throw keys.bad(Self.predictors, predictorCount, "fewer than the \(count) layers")
        }
        let run = count - predictorCount
        let allHeads = try keys.perLayer("attention.head_count", count: count, from: family.isInFull ? 1 : 0)
            .required(keys.key("attention.head_count"))
        let heads = Array(allHeads.prefix(run))
        let headLengths = try HeadLengths(keys, family, width: embeddingLength, heads: heads)
        let lengths = try Self.feedForwardLengths(keys, family, count: count, experts).map { Array($0.prefix(run)) }
        (headLength, valueLength) = headLengths.full
        self.experts = experts
        layers = try LayerShape.all(
            keys,
            family,
            width: embeddingLength,
            heads: heads,
            headLengths: headLengths,
            lengths: lengths ?? Array(repeating: experts?.expert.length ?? 0, count: run),
            experts: experts,
            allCount: count
        )
        feedForwardLength = lengths?.max() ?? 0
        trainedContext = try keys.positive("context_length")
        norms = NormRule(family)
        outputNorm = family.outputNorm
        output = family.output
        input = try InputShape(keys, family)
        streams = try StreamShape(keys, family)
        text = try TextOutput(keys, family, width: embeddingLength)
    }

    /// - Throws: `GGUFError` or `ShapeError`.
    public init(_ file: GGUFFile) throws {
        do {
            self = try file.reading { try ModelShape($0) }
        } catch let problem as ShapeProblem {
            throw ShapeError(path: file.path, problem: problem)
        }
    }

    /// - Returns: nil where models of nothing but experts do not say how long other networks would be.
    private static func feedForwardLengths(
        _ keys: ShapeReader,
        _ family: Family,
        count: Int,
        _ experts: ExpertShape?
    ) throws -> [Int]? {
        let mayLack = experts != nil || !family.isInFull || family.stateSpaces == .aloneWithoutKeys
        let lengths = try keys.perLayer("feed_forward_length", count: count, from: mayLack ? 0 : 1)
        return mayLack ? lengths : try lengths.required(keys.key("feed_forward_length"))
    }
}

extension ModelShape {
    /// Beginnings of the names of tensors that belong to layers which predict further tokens, in their order.
    public var predictorPrefixes: [String] { (0..<predictorCount).map { "blk.\(layers.count + $0)." } }

    /// The attention of all layers that attend.
    public var attentions: [AttentionShape] { layers.compactMap(\.attention) }

    /// Whether tokens see those behind them, so that a text has to be there whole, and none can be written.
    public var seesBothWays: Bool { attentions.contains(where: \.seesBothWays) }

    /// The most query heads of any layer.
    public var headCount: Int { attentions.lazy.map(\.headCount).max() ?? 0 }

    /// The longest row of a feed-forward network, of experts too.
    public var widestNetwork: Int {
        let lengths = layers.flatMap { layer in
            switch layer.network {
            case .dense(let network): [network.length]
            case .experts(let mixture): [mixture.expert.length, mixture.shared?.length ?? 0]
            case .both(let network, let mixture): [network.length, mixture.expert.length]
            case .absent: [0]
            }
        }
        return lengths.max() ?? 0
    }

    /// The most columns of any matrix.
    public var widestMatrix: Int {
        let deltas = layers.lazy.compactMap { $0.gatedDelta?.valueWidth ?? $0.stateSpace?.valueWidth }
        return max(
            embeddingLength,
            widestNetwork,
            attentions.lazy.map { $0.headCount * $0.keyLength }.max() ?? 0,
            deltas.max() ?? 0,
            layerInputLength,
            streams?.detourRank ?? 0,
            text.denseLengths.second ?? 0,
            text.denseLengths.third ?? 0
        )
    }

    /// Elements of all hidden states of a token between two layers.
    public var stateWidth: Int { embeddingLength * (streams?.count ?? 1) }

    /// Elements of the embedding that a token has for each layer; 0 for none.
    public var layerInputLength: Int { layers.first?.inputLength ?? 0 }
}
