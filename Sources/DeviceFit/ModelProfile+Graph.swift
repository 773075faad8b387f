import Architectures
import GGUF
import Tensors

extension ModelProfile {
    /// How a model's layers are put together: what the memory for computing depends on beside the shapes.
    public struct Graph: Codable, Hashable, Sendable {
        /// How a network is put together.
        public enum Network: String, Codable, Sendable {
            /// Up, gate and down; up and gate in one matrix; or no gate.
            case gated, gatedInOne, plain
        }

        /// Of most layers.
        public var network: Network
        /// Whether queries, keys and values come from one matrix.
        public var fusesQKV: Bool
        /// Whether queries and keys are normalized head by head.
        public var normalizesHeads: Bool
        /// Whether heads are turned by their position, as nearly all are.
        public var turnsHeads: Bool
        /// Whether what a part adds is normalized once more.
        public var hasPostNorms: Bool
        /// Whether norms take the mean away.
        public var hasLayerNorm: Bool
        /// Whether attention and network of a layer read the same.
        public var isParallel: Bool
        /// Width of one expert, and of the one that is always used; 0 without.
        public var expertLength: Int
        /// Width of the expert that is always used; 0 without.
        public var sharedExpertLength: Int
        /// Layers at the beginning that have no experts though later ones do.
        public var leadingDenseLayers: Int
        /// Elements of the embedding that a token has for each layer; nil for none, and in older registries.
        public var layerInputLength: Int?
        /// True where layers have a dense network beside their experts; nil elsewhere.
        public var hasBothNetworks: Bool?
        /// Whether no norm stands in front of attention and network; nil where one does.
        public var lacksFirstNorms: Bool?
        /// Positions of a token; nil for one.
        public var positionCount: Int?
        /// Rows of embeddings that are given for a token; nil for one.
        public var inputRowCount: Int?
        /// Whether queries are multiplied by a number for each position; nil where they are not.
        public var growsQueries: Bool?
        /// How a text's vectors become one, by GGUF's number; nil where they do not, and in older registries.
        public var pooling: Int?
        /// True where norms stand on the sums of what parts are given and add; nil where not, and in older registries.
        public var normsSums: Bool?
        /// True where embeddings are normalized before the first layer; nil likewise.
        public var normsEmbedding: Bool?
        /// What the model gives for a text where that is not what follows it; nil elsewhere, and in older registries.
        public var kind: ModelKind?

        /// Every value is as its property describes it.
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

        /// What most models are like; for profiles that do not tell.
        static func assumed(of profile: ModelProfile) -> Graph {
            let architecture = Architecture(named: profile.architecture)
            return Graph(
                network: architecture.fusesMatrices ? .gatedInOne : .gated,
                fusesQKV: architecture.fusesMatrices,
                // Of mixtures of experts nothing was known when profiles did not tell.
                normalizesHeads: architecture.normalizesHeads && profile.experts == nil,
                hasPostNorms: architecture.normPlacement == .around
            )
        }
    }
}

extension ModelProfile.Graph {
    /// Reads off the tensors which parts a layer has.
    /// - Parameter feedForwardLength: the width of a network without experts.
    init(_ tensors: [GGUFTensor], of shape: ModelShape) {
        let feedForwardLength = shape.feedForwardLength
        var shapes: [Substring: [Int]] = [:]
        for tensor in tensors where tensor.name.hasPrefix("blk.") {
            let name = tensor.name.dropFirst(4).drop { $0 != "." }.dropFirst()
            shapes[name] = tensor.shape.dimensions
        }
        func has(_ name: String) -> Bool { shapes[name[...]] != nil }
        /// Rows of a matrix, or of one expert's.
        func rows(_ name: String) -> Int { shapes[name[...]].flatMap { $0.count > 1 ? $0[1] : nil } ?? 0 }
        let up = rows("ffn_up.weight")
        network =
            has("ffn_gate.weight") || has("ffn_gate_shexp.weight") || up == 0
            ? .gated : up == 2 * feedForwardLength ? .gatedInOne : .plain
        // A gated delta rule has a matrix of that name, too.
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
