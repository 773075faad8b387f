/// The cost of quantizing each tensor alone.
public struct SensitivityResult: Codable, Sendable {
    /// The cost of quantizing one tensor alone.
    public struct Tensor: Codable, Sendable {
        /// The tensor's name in the file.
        public var name: String
        /// The number of the layer; nil for tensors outside the layers.
        public var layer: Int?
        /// The name without layer and suffix: `attn_q`, `ffn_down`, `output`.
        public var role: String
        /// The type that it was given.
        public var type: String
        /// The bytes of the tensor in that type.
        public var bytes: Int
        /// The bytes of the tensor in the base.
        public var baseBytes: Int
        /// The mean divergence from the base, in nats a token.
        public var kld: Double
        /// The standard error of the divergence; see `kld`.
        public var standardError: Double
        /// The share of tokens for which the same token stays first.
        public var sameTopPercent: Double
    }

    /// The number of tokens in a window.
    public var context: Int
    /// The number of windows of text.
    public var chunks: Int
    /// The number of compared tokens.
    public var scoredTokens: Int
    /// The kernels used for the computation.
    public var kernels: String
    /// The tensors in the base's order.
    public var tensors: [Tensor]
    /// The sum over the tensors: the cost of a build of all of them if errors did not interact.
    public var sumOfDivergences: Double
}

extension SensitivityResult.Tensor {
    /// Returns layer and role of a name such as `blk.3.ffn_down.weight`.
    static func place(of name: String) -> (layer: Int?, role: String) {
        var parts = name.split(separator: ".").map(String.init)
        if parts.last == "weight" { parts.removeLast() }
        guard parts.first == "blk", parts.count > 2, let layer = Int(parts[1]) else {
            return (nil, parts.joined(separator: "."))
        }
        return (layer, parts.dropFirst(2).joined(separator: "."))
    }
}
