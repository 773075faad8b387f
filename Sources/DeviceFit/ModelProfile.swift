import Architectures
import Tensors

/// What an estimate needs to know about a model: shapes and sizes, not the weights.
public struct ModelProfile: Codable, Hashable, Sendable {
    /// Consecutive layers that keep the same state for every token.
    public struct LayerGroup: Codable, Hashable, Sendable {
        /// The number of layers in the group.
        public var count: Int
        /// The number of heads whose keys and values are kept; 0 for a layer without a key-value cache.
        public var kvHeads: Int
        /// The number of elements of one head's key.
        public var keyLength: Int
        /// The number of elements of one head's value; 0 for MLA, which keeps no values.
        public var valueLength: Int
        /// The number of tokens that a sliding-window layer looks back; nil for full attention.
        public var slidingWindow: Int?
        /// The bytes of constant state of one layer: convolutions and linear attention.
        public var stateBytes: Int
        /// The width of the network if layers differ in it; nil if they do not, and in older registries.
        public var feedForwardLength: Int?
        /// Whether the layers read the keys and values of an earlier one; nil if they do not.
        public var readsOther: Bool?
        /// The layer's gated delta rule; nil for other layers.
        public var gatedDelta: GatedDelta?
        /// Whether the layers use their keys before the norm as values; nil if they do not.
        public var takesKeysForValues: Bool?
        /// The layer's state space; nil for other layers.
        public var stateSpace: StateSpace?
        /// Whether the layers have no mixer, only a network; nil if they have one.
        public var lacksMixer: Bool?
        /// Whether the layers have no network, only a mixer; nil if they have one.
        public var lacksNetwork: Bool?

        /// Creates a value from its parts; each parameter is documented on its property.
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
        /// The number of experts of a layer.
        public var count: Int
        /// The number of experts that are used for each token.
        public var used: Int

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(count: Int, used: Int) {
            self.count = count
            self.used = used
        }
    }

    /// What an app needs to know to chat with the model.
    public struct Chat: Codable, Hashable, Sendable {
        /// Whether the file has a chat template.
        public var hasTemplate: Bool
        /// The texts of the tokens that end an answer.
        public var endTokens: [String]

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(hasTemplate: Bool, endTokens: [String]) {
            self.hasTemplate = hasTemplate
            self.endTokens = endTokens
        }
    }

    /// The GGUF name of the architecture: `llama`.
    public var architecture: String
    /// The number of elements of all tensors.
    public var parameterCount: Int
    /// The number of parameters that one token passes through; equal to `parameterCount` without experts.
    public var activeParameterCount: Int
    /// The bytes of all tensors.
    public var weightBytes: Int
    /// The bytes of all tensors of a type, by the type's GGUF name: "Q4_K", "F32".
    public var weightBytesByType: [String: Int]
    /// The bytes of the token embedding.
    public var tokenEmbeddingBytes: Int
    /// Whether the token embedding is also the output layer, and so is read for every token.
    public var isEmbeddingTied: Bool
    /// The bytes of per-layer embeddings (Gemma "E" models), of which a token reads next to nothing.
    public var perLayerEmbeddingBytes: Int
    /// The layers, from the first to the last.
    public var layers: [LayerGroup]
    /// The width of the residual stream, in elements.
    public var embeddingLength: Int
    /// The number of tokens in the vocabulary.
    public var vocabularySize: Int
    /// The width of the feed-forward network, in elements.
    public var feedForwardLength: Int
    /// The number of query heads.
    public var headCount: Int
    /// The longest context that the model was trained for, in tokens.
    public var contextLength: Int
    /// The quantization as its maker names it: "Q4_K_M".
    public var quantType: String
    /// The bytes of layers that predict further tokens, which engines only load on request; nil for none, and in older
    /// registries.
    public var predictorBytes: Int?
    /// The bytes of the layers' tensors of a type, without embeddings and output; nil in older registries.
    public var layerBytesByType: [String: Int]?
    /// The GGUF name of the type of per-layer embeddings; nil for none, and in older registries.
    public var perLayerEmbeddingType: String?
    /// The experts; nil for a model without experts.
    public var experts: Experts?
    /// What an app needs to chat with the model; nil in older registries, as are the next three.
    public var chat: Chat?
    /// The structure of the layers.
    public var graph: Graph?
    /// The GGUF name of the token embedding's type: "Q6_K".
    public var tokenEmbeddingType: String?
    /// What the model is for, in its makers' words: "text-generation", "chat", "summarization".
    public var tags: [String]?
    /// Whether the file passed the checks of engines before it was published; nil in older registries.
    public var loads: Bool?
    /// The projector, if one was published with the model; nil for none, and in older registries.
    public var projector: ProjectorProfile?

    /// Creates a value from its parts; each parameter is documented on its property.
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

    /// The kind of output of the model.
    public var kind: ModelKind {
        graph?.kind
            ?? ModelKind(
                pooling: graph?.pooling.flatMap(Pooling.init(rawValue:)),
                seesBothWays: !Architecture(named: architecture).keepsKeys,
                labelCount: 0
            )
    }

    /// Adds the tags that are missing.
    public mutating func addTags(_ more: [String]) {
        guard !more.isEmpty else { return }
        var own = tags ?? []
        for tag in more where !own.contains(tag) { own.append(tag) }
        tags = own
    }

    /// The bytes of weights that one generated token reads.
    ///
    /// Of the input embedding a token reads one row; of the experts it reads the active share, computed over all
    /// weights.
    var bytesReadPerToken: Double {
        let idle = perLayerEmbeddingBytes + (predictorBytes ?? 0) + (isEmbeddingTied ? 0 : tokenEmbeddingBytes)
        let share = Double(activeParameterCount) / Double(max(1, parameterCount))
        return Double(max(0, weightBytes - idle)) * min(1, share)
    }

    /// The number of parameters that each token of a prompt is multiplied with: neither embeddings nor the output,
    /// which is computed once.
    var parametersReadByPrompts: Double {
        let outside = vocabularySize * embeddingLength * (isEmbeddingTied ? 1 : 2)
        return max(Double(activeParameterCount - outside), Double(activeParameterCount) / 4)
    }

    /// Rejects sizes that no model has, so that no product in an estimate can overflow.
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
