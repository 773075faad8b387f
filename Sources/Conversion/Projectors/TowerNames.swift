/// GGUF's names of a tower's tensors by Hugging Face's names.
struct TowerNames: Sendable {
    /// Names outside the layers, without endings.
    var outside: [String: String] = [:]
    /// The text before a layer's number, such as `encoder.layers`.
    var layers: String
    /// GGUF's prefix, such as `v.blk`.
    var prefix: String
    /// Names inside a layer, without endings.
    var layer: [String: String]

    /// The tower of SigLIP and similar models.
    static let siglip = TowerNames(
        outside: [
            "embeddings.patch_embedding": "v.patch_embd", "embeddings.position_embedding": "v.position_embd",
            "post_layernorm": "v.post_ln",
        ],
        layers: "encoder.layers",
        prefix: "v.blk",
        layer: [
            "layer_norm1": "ln1", "layer_norm2": "ln2", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
            "self_attn.v_proj": "attn_v", "self_attn.out_proj": "attn_out", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down",
        ]
    )

    /// GGUF's name without ending.
    /// - Parameters:
    ///   - base: the name inside the tower, without ending.
    ///   - layerCount: the number of layers in config.json.
    /// - Returns: nil for an unknown name.
    func name(of base: some StringProtocol, layerCount: Int) -> String? {
        if let name = outside[String(base)] { return name }
        guard base.hasPrefix(layers + ".") else { return nil }
        let parts = base.dropFirst(layers.count + 1).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]), (0..<layerCount).contains(index),
            let name = layer[String(parts[1])]
        else { return nil }
        return "\(prefix).\(index).\(name)"
    }

    /// A tensor's name without its ending, and the ending with its dot.
    static func split(_ name: String, endings: [String] = ["weight", "bias"]) -> (base: Substring, ending: String)? {
        guard let ending = endings.first(where: { name.hasSuffix(".\($0)") }) else { return nil }
        return (name.dropLast(ending.count + 1), ".\(ending)")
    }

    /// The rest of the name after the first matching prefix; nil if none matches.
    static func rest(of name: some StringProtocol, after prefixes: String...) -> String? {
        for prefix in prefixes where name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count)) }
        return nil
    }
}
