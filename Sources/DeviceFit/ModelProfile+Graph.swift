import Architectures
import GGUF
import Tensors

extension ModelProfile {
    /// The structure of a model's layers: what the compute memory depends on beside the shapes.
    public struct Graph: Codable, Hashable, Sendable {
        /// The structure of a network.
        public enum Network: String, Codable, Sendable {
            /// Up, gate and down; up and gate in one matrix; or no gate.
            case gated, gatedInOne, plain
        }

        /// The network of most layers.
        public var network: Network
        /// Whether queries, keys and values come from one matrix.
        public var fusesQKV: Bool
        /// Whether queries and keys are normalized head by head.
        public var normalizesHeads: Bool
        /// Whether heads are rotated by position, as in nearly all models.
        public var turnsHeads: Bool
        /// Whether the output of attention and network is normalized once more.
        public var hasPostNorms: Bool
        /// Whether norms subtract the mean.
        public var hasLayerNorm: Bool
        /// Whether attention and network of a layer read the same input.
        public var isParallel: Bool
        /// The width of one expert; 0 without experts.
        public var expertLength: Int
        /// The width of the shared expert, which is always used; 0 without one.
        public var sharedExpertLength: Int
        /// The number of layers at the beginning without experts, if later ones have them.
        public var leadingDenseLayers: Int
        /// The number of elements of a token's embedding for each layer; nil for none, and in older registries.
        public var layerInputLength: Int?
        /// Whether layers have a dense network beside their experts; nil otherwise.
        public var hasBothNetworks: Bool?
        /// Whether attention and network have no preceding norm; nil if they have one.
        public var lacksFirstNorms: Bool?
        /// The number of positions of a token; nil for one.
        public var positionCount: Int?
        /// The number of embedding rows passed in for a token; nil for one.
        public var inputRowCount: Int?
        /// Whether queries are multiplied by a factor for each position; nil if they are not.
        public var growsQueries: Bool?
        /// How a text's vectors are pooled into one, by GGUF's number; nil if they are not, and in older registries.
        public var pooling: Int?
        /// Whether the norm follows the sum of a part's input and output; nil if it does not, and in older registries.
        public var normsSums: Bool?
        /// Whether embeddings are normalized before the first layer; nil if they are not, and in older registries.
        public var normsEmbedding: Bool?
        /// The output of the model for a text, if it is not the next tokens; nil otherwise, and in older registries.
        public var kind: ModelKind?

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(
            network: Network = .gated,
            fusesQKV: Bool = false,
            normalizesHeads: Bool = false,
            turnsHeads: Bool = true,
            hasPostNorms: Bool = false,
            hasLayerNorm: Bool = false,
            isParallel: Bool = false,
            expertLength: Int = 0,
            sharedExpertLength: Int = 0,
            leadingDenseLayers: Int = 0,
            layerInputLength: Int? = nil,
            hasBothNetworks: Bool? = nil
        ) {
            self.network = network
            self.fusesQKV = fusesQKV
            self.normalizesHeads = normalizesHeads
            self.turnsHeads = turnsHeads
            self.hasPostNorms = hasPostNorms
            self.hasLayerNorm = hasLayerNorm
            self.isParallel = isParallel
            self.expertLength = expertLength
            self.sharedExpertLength = sharedExpertLength
            self.leadingDenseLayers = leadingDenseLayers
            self.layerInputLength = layerInputLength
            self.hasBothNetworks = hasBothNetworks
        }

        /// Returns the structure of most models, for profiles without this information.
        static func assumed(of profile: ModelProfile) -> Graph {
            let architecture = Architecture(named: profile.architecture)
            return Graph(
                network: architecture.fusesMatrices ? .gatedInOne : .gated,
                fusesQKV: architecture.fusesMatrices,
                // Nothing is known about mixtures of experts in profiles without this information.
                normalizesHeads: architecture.normalizesHeads && profile.experts == nil,
                hasPostNorms: architecture.normPlacement == .around
            )
        }
    }
}

extension ModelProfile.Graph {
    /// Derives the parts of a layer from its tensors.
    /// - Parameter feedForwardLength: the width of a network without experts.
    init(_ tensors: [GGUFTensor], of shape: ModelShape) {
        let feedForwardLength = shape.feedForwardLength
        var shapes: [Substring: [Int]] = [:]
        for tensor in tensors where tensor.name.hasPrefix("blk.") {
            let name = tensor.name.dropFirst(4).drop { $0 != "." }.dropFirst()
            shapes[name] = tensor.shape.dimensions
        }
        func has(_ name: String) -> Bool { shapes[name[...]] != nil }
        /// Returns the rows of a matrix, or of one expert's.
        func rows(_ name: String) -> Int { shapes[name[...]].flatMap { $0.count > 1 ? $0[1] : nil } ?? 0 }
        let up = rows("ffn_up.weight")
        network =
            has("ffn_gate.weight") || has("ffn_gate_shexp.weight") || up == 0
            ? .gated : up == 2 * feedForwardLength ? .gatedInOne : .plain
        // A gated delta rule also has a matrix of that name.
        fusesQKV = has("attn_qkv.weight") && !has("ssm_conv1d.weight")
        normalizesHeads = has("attn_q_norm.weight")
        turnsHeads = shape.attentions.isEmpty || shape.attentions.contains { $0.positions != .none }
        hasPostNorms = has("post_attention_norm.weight") && has("post_ffw_norm.weight")
        hasLayerNorm = has("attn_norm.bias") || shape.norms.kind == .layer
        let hasSecond = ["ffn_norm.weight", "ffn_norm", "post_attention_norm.weight"].contains(where: has)
        normsSums = has("attn_output_norm.weight") && has("layer_output_norm.weight") ? true : nil
        normsEmbedding = shape.input.isNormalized ? true : nil
        isParallel = !hasSecond && normsSums == nil && !shape.layers.contains { $0.network == .absent }
        let lacksFirst = hasPostNorms && !has("attn_norm.weight") && !has("ffn_norm.weight")
        lacksFirstNorms = normsSums == true || lacksFirst ? true : nil
        positionCount = shape.input.positionCount > 1 ? shape.input.positionCount : nil
        inputRowCount = shape.input.rowCount > 1 ? shape.input.rowCount : nil
        growsQueries = shape.input.growsQueries ? true : nil
        pooling = shape.text.pooling.flatMap { $0 == .none ? nil : $0.rawValue }
        kind = shape.kind == .language ? nil : shape.kind
        expertLength = has("ffn_gate_up_exps.weight") ? rows("ffn_gate_up_exps.weight") / 2 : rows("ffn_up_exps.weight")
        sharedExpertLength = rows("ffn_up_shexp.weight")
        leadingDenseLayers = shape.experts?.denseLayerCount ?? 0
        layerInputLength = has("inp_gate.weight") ? rows("inp_gate.weight") : nil
        hasBothNetworks = has("post_ffw_norm_1.weight") ? true : nil
    }
}
