/// What quantizing each tensor alone costs.
public struct SensitivityResult: Codable, Sendable {
    /// What quantizing one tensor alone costs.
    public struct Tensor: Codable, Sendable {
        /// The tensor's name in the file.
        public var name: String
        /// Number of the layer; nil for what is outside of them.
        public var layer: Int?
        /// The name without layer and suffix: `attn_q`, `ffn_down`, `output`.
        public var role: String
        /// The type that it was given, and what it then takes.
        public var type: String
        /// See `type`.
        public var bytes: Int
        /// What it takes in the base.
        public var baseBytes: Int
        /// Mean divergence from the base, in nats a token, and its standard error.
        public var kld: Double
        /// See `kld`.
        public var standardError: Double
        /// Share of tokens for which the same token stays first.
        public var sameTopPercent: Double
    }

    /// Tokens of a window.
    public var context: Int
    /// Windows of text.
    public var chunks: Int
    /// Tokens whose predictions were compared.
    public var scoredTokens: Int
    /// The kernels that computed.
    public var kernels: String
    /// In the base's order.
    public var tensors: [Tensor]
    /// The sum over tensors: what a build of all of them would cost if errors did not add to each other.
    public var sumOfDivergences: Double
}

extension SensitivityResult.Tensor {
    /// Layer and role of a name such as `blk.3.ffn_down.weight`.
    static func place(of name: String) -> (layer: Int?, role: String) {
        var parts = name.split(separator: ".").map(String.init)
        if parts.last == "weight" { parts.removeLast() }
        guard parts.first == "blk", parts.count > 2, let layer = Int(parts[1]) else {
            return (nil, parts.joined(separator: "."))
        }
        return (layer, parts.dropFirst(2).joined(separator: "."))
    }
}
