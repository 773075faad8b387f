import GGUF

/// The shape of a model from a GGUF file's metadata, validated so that later code may rely on it.
///
/// For an architecture that this program runs, it is the shape that engines use; for others, only what memory depends
/// on. The constants of the computation are in `ModelArithmetic`.
public struct ModelShape: Sendable, Equatable {
    /// The model's architecture.
    public let architecture: Architecture
    /// Width of the hidden state.
    public let embeddingLength: Int
    /// The layers, first to last.
    public let layers: [LayerShape]
    /// The number of following layers that predict further tokens (MTP); they are kept in a file and not run.
    public let predictorCount: Int
    /// Elements of one head's key in layers without a window; other layers may have another length.
    public let headLength: Int
    /// Elements of one head's value in layers without a window; 0 for latent attention, where a key is also its value.
    public let valueLength: Int
    /// The experts of layers; nil for a model without experts.
    public let experts: ExpertShape?
    /// Width of the widest network without experts, even if all layers have experts; 0 if the file does not give it.
    public let feedForwardLength: Int
    /// The context length of the training, in tokens; nil if the file does not give it.
    public let trainedContext: Int?
    /// The norm before the output, which is of the same kind as the layers'.
    public let norms: NormRule
    /// The tensor of that norm, without its ending; nil if layers end with a norm.
    public let outputNorm: String?
    /// The rule for the output matrix.
    public let output: OutputRule
    /// The input for each token.
    public let input: InputShape
    /// The streams of hidden states, of which layers work on one; nil for a single hidden state.
    public let streams: StreamShape?
    /// The output for a whole text.
    public let text: TextOutput

    /// The most layers that are accepted, far beyond any model; keeps a damaged file from requesting huge tables.
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

    /// - Returns: nil if a model with only experts does not give the width of other networks.
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
    /// Prefixes of the tensors of layers that predict further tokens, in their order.
    public var predictorPrefixes: [String] { (0..<predictorCount).map { "blk.\(layers.count + $0)." } }

    /// The attention of all layers that have it.
    public var attentions: [AttentionShape] { layers.compactMap(\.attention) }

    /// Whether attention is bidirectional, so that the whole text must be known, and none can be generated.
    public var seesBothWays: Bool { attentions.contains(where: \.seesBothWays) }

    /// The most query heads of any layer.
    public var headCount: Int { attentions.lazy.map(\.headCount).max() ?? 0 }

    /// The width of the widest feed-forward network, including experts.
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

    /// The largest number of columns of a matrix.
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

    /// Elements of a token's hidden states between two layers, over all streams.
    public var stateWidth: Int { embeddingLength * (streams?.count ?? 1) }

    /// Elements of the embedding that a token has for each layer; 0 for none.
    public var layerInputLength: Int { layers.first?.inputLength ?? 0 }
}
