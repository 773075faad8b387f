import Architectures
import Tensors

/// What an estimate needs to know of a model: shapes and sizes, no weights.
public struct ModelProfile: Codable, Hashable, Sendable {
    /// Neighbouring layers that keep the same things for every token.
    public struct LayerGroup: Codable, Hashable, Sendable {
        /// Layers of the group.
        public var count: Int
        /// Heads whose keys and values are kept; 0 for a layer without a key-value cache.
        public var kvHeads: Int
        /// Elements of one head's key, and of its value (0 for MLA, which keeps no values).
        public var keyLength: Int
        /// Elements of one head's value.
        public var valueLength: Int
        /// Tokens that a sliding-window layer looks back; nil for full attention.
        public var slidingWindow: Int?
        /// Bytes of constant state of one layer: convolutions and linear attention.
        public var stateBytes: Int
        /// Width of the network where layers differ in it; nil where they do not, and in older registries.
        public var feedForwardLength: Int?
        /// True for layers that read the keys and values of an earlier one; nil for others.
        public var readsOther: Bool?
        /// The layer's gated delta rule; nil for other layers.
        public var gatedDelta: GatedDelta?
        /// True for layers whose values are their keys as they are before the norm; nil for others.
        public var takesKeysForValues: Bool?
        /// The layer's state space; nil for other layers.
        public var stateSpace: StateSpace?
        /// True for layers without a mixer, which are networks alone; nil for others.
        public var lacksMixer: Bool?
        /// True for layers without a network, which are mixers alone; nil for others.
        public var lacksNetwork: Bool?

        /// Every value is as its property describes it.
        public init(
            count: Int,
            kvHeads: Int,
            keyLength: Int,
            valueLength: Int,
            slidingWindow: Int? = nil,
            stateBytes: Int = 0,
            feedForwardLength: Int? = nil,
            readsOther: Bool? = nil,
            gatedDelta: GatedDelta? = nil,
            takesKeysForValues: Bool? = nil,
            stateSpace: StateSpace? = nil,
            lacksMixer: Bool? = nil,
            lacksNetwork: Bool? = nil
        ) {
            self.count = count
            self.kvHeads = kvHeads
            self.keyLength = keyLength
            self.valueLength = valueLength
            self.slidingWindow = slidingWindow
            self.stateBytes = stateBytes
            self.feedForwardLength = feedForwardLength
            self.readsOther = readsOther
            self.gatedDelta = gatedDelta
            self.takesKeysForValues = takesKeysForValues
            self.stateSpace = stateSpace
            self.lacksMixer = lacksMixer
            self.lacksNetwork = lacksNetwork
        }
    }

    /// A mixture of experts.
    public struct Experts: Codable, Hashable, Sendable {
        /// Experts of a layer.
        public var count: Int
        /// Experts that run for one token.
        public var used: Int

        /// Every value is as its property describes it.
        public init(count: Int, used: Int) {
            self.count = count
            self.used = used
        }
    }

    /// What an app has to know to talk with the model.
    public struct Chat: Codable, Hashable, Sendable {
        /// Whether the file has a chat template.
        public var hasTemplate: Bool
        /// Texts of the tokens that end an answer.
        public var endTokens: [String]

        /// Every value is as its property describes it.
        public init(hasTemplate: Bool, endTokens: [String]) {
            self.hasTemplate = hasTemplate
            self.endTokens = endTokens
        }
    }

    /// GGUF's name of it: `llama`.
    public var architecture: String
    /// Numbers that the tensors hold.
    public var parameterCount: Int
    /// Parameters that one token passes through; equal to `parameterCount` without experts.
    public var activeParameterCount: Int
    /// Bytes of all tensors.
    public var weightBytes: Int
    /// Bytes of all tensors of a type, by GGUF's name of the type: "Q4_K", "F32".
    public var weightBytesByType: [String: Int]
    /// Bytes of the token embedding.
    public var tokenEmbeddingBytes: Int
    /// Whether the token embedding also serves as the output layer, and so is read for every token.
    public var isEmbeddingTied: Bool
    /// Bytes of per-layer embeddings (Gemma "E" models), of which a token reads next to nothing.
    public var perLayerEmbeddingBytes: Int
    /// From the first to the last.
    public var layers: [LayerGroup]
    /// Width of the residual stream, in elements.
    public var embeddingLength: Int
    /// Tokens of the vocabulary.
    public var vocabularySize: Int
    /// Width of the feed-forward network, in elements.
    public var feedForwardLength: Int
    /// Heads of the queries.
    public var headCount: Int
    /// The longest context the model was trained for, in tokens.
    public var contextLength: Int
    /// The quantization as its maker names it: "Q4_K_M".
    public var quantType: String
    /// Bytes of layers that predict further tokens, which engines do not load unless asked; nil for none, and in older
    /// registries.
    public var predictorBytes: Int?
    /// Bytes of the layers' tensors of a type, without embeddings and output; nil in older registries.
    public var layerBytesByType: [String: Int]?
    /// GGUF's name of the type of per-layer embeddings; nil without, and in older registries.
    public var perLayerEmbeddingType: String?
    /// Nil for a model without experts.
    public var experts: Experts?
    /// These four are nil in profiles of older registries.
    public var chat: Chat?
    /// How the layers are put together.
    public var graph: Graph?
    /// GGUF's name of the type: "Q6_K".
    public var tokenEmbeddingType: String?
    /// What the model is for, in its makers' words: "text-generation", "chat", "summarization".
    public var tags: [String]?
    /// True where the file was held against what engines ask of one before it was published; nil in older registries.
    public var loads: Bool?
    /// What the model sees with, where that was published with it; nil for none, and in older registries.
    public var projector: ProjectorProfile?

    /// Every value is as its property describes it.
    public init(
        architecture: String,
        parameterCount: Int,
        activeParameterCount: Int? = nil,
        weightBytes: Int,
        weightBytesByType: [String: Int],
        tokenEmbeddingBytes: Int,
        isEmbeddingTied: Bool,
        perLayerEmbeddingBytes: Int = 0,
        layers: [LayerGroup],
        embeddingLength: Int,
        vocabularySize: Int,
        feedForwardLength: Int,
        headCount: Int,
        contextLength: Int,
        quantType: String,
        experts: Experts? = nil,
        chat: Chat? = nil,
        graph: Graph? = nil,
        tokenEmbeddingType: String? = nil,
        tags: [String]? = nil
    ) {
        self.architecture = architecture
        self.parameterCount = parameterCount
        self.activeParameterCount = activeParameterCount ?? parameterCount
        self.weightBytes = weightBytes
        self.weightBytesByType = weightBytesByType
        self.tokenEmbeddingBytes = tokenEmbeddingBytes
        self.isEmbeddingTied = isEmbeddingTied
        self.perLayerEmbeddingBytes = perLayerEmbeddingBytes
        self.layers = layers
        self.embeddingLength = embeddingLength
        self.vocabularySize = vocabularySize
        self.feedForwardLength = feedForwardLength
        self.headCount = headCount
        self.contextLength = contextLength
        self.quantType = quantType
        self.experts = experts
        self.chat = chat
        self.graph = graph
        self.tokenEmbeddingType = tokenEmbeddingType
        self.tags = tags
    }

    /// What the model gives for a text.
    public var kind: ModelKind {
        graph?.kind
            ?? ModelKind(
                pooling: graph?.pooling.flatMap(Pooling.init(rawValue:)),
                seesBothWays: !Architecture(named: architecture).keepsKeys,
                labelCount: 0
            )
    }

    /// Adds tags that are not there yet.
    public mutating func addTags(_ more: [String]) {
        guard !more.isEmpty else { return }
        var own = tags ?? []
        for tag in more where !own.contains(tag) { own.append(tag) }
        tags = own
    }

    /// Bytes of weights that one generated token reads.
    ///
    /// Of the input embedding a token reads one row; of experts the share that is active, taken over all weights.
    var bytesReadPerToken: Double {
        let idle = perLayerEmbeddingBytes + (predictorBytes ?? 0) + (isEmbeddingTied ? 0 : tokenEmbeddingBytes)
        let share = Double(activeParameterCount) / Double(max(1, parameterCount))
        return Double(max(0, weightBytes - idle)) * min(1, share)
    }

    /// Parameters that each token of a prompt is multiplied with: not embeddings, nor the output, which is computed once.
    var parametersReadByPrompts: Double {
        let outside = vocabularySize * embeddingLength * (isEmbeddingTied ? 1 : 2)
        return max(Double(activeParameterCount - outside), Double(activeParameterCount) / 4)
    }

    /// Refuses sizes that no model has, so that no product in an estimate can overflow.
    func validate() throws(DeviceFitError) {
        let states = layers.flatMap { ($0.gatedDelta?.sizes ?? []) + ($0.stateSpace?.sizes ?? []) }
        let bytes =
            [
                tokenEmbeddingBytes, perLayerEmbeddingBytes, predictorBytes ?? 0, projector?.bytes ?? 0,
                projector?.computeBytes ?? 0,
            ] + layers.map(\.stateBytes)
            + weightBytesByType.values + (layerBytesByType ?? [:]).values
        let shapes = layers.flatMap { [$0.count, $0.kvHeads, $0.keyLength, $0.valueLength] }
        guard
            [weightBytes, parameterCount, activeParameterCount].allSatisfy({ (1...(1 << 44)).contains($0) }),
            [embeddingLength, vocabularySize].allSatisfy({ (1...(1 << 24)).contains($0) }),
            states.allSatisfy({ (1...(1 << 13)).contains($0) }),
            bytes.allSatisfy({ (0...(1 << 44)).contains($0) }),
            shapes.allSatisfy({ (0...(1 << 20)).contains($0) }),
            layers.allSatisfy({ $0.kvHeads * ($0.keyLength + $0.valueLength) * $0.count < 1 << 28 }),
            layers.allSatisfy({ (0...(1 << 24)).contains($0.slidingWindow ?? 1) }),
            layers.allSatisfy({ (0...(1 << 24)).contains($0.feedForwardLength ?? 0) }),
            [feedForwardLength, graph?.layerInputLength ?? 0, graph?.expertLength ?? 0, graph?.sharedExpertLength ?? 0]
                .allSatisfy({
                    (0...(1 << 24)).contains($0)
                }),
            (1...4).contains(graph?.positionCount ?? 1), (1...1024).contains(graph?.inputRowCount ?? 1),
            (0...(1 << 20)).contains(headCount), (0...(1 << 16)).contains(layers.reduce(0, { $0 + $1.count })),
            (1...(1 << 12)).contains(experts?.used ?? 1), (1...(1 << 16)).contains(experts?.count ?? 1)
        else {
            throw .invalidRequest("the model's profile has sizes that no model has. Inspect the model's file.")
        }
    }
}
