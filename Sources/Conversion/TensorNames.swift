/// Names of the tensors that most decoder models share, Hugging Face's against GGUF's.
enum TensorNames {
    private static let outside = [
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "lm_head": "output",
    ]
    private static let layer = [
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.qkv_proj": "attn_qkv",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "mlp.gate_up_proj": "ffn_up",
    ]
    /// Buffers that older checkpoints carry and nobody needs.
    private static let dropped = [".attention.masked_bias", ".attention.bias", ".rotary_emb.inv_freq"]

    /// GGUF's name, or nil for a tensor that is left out.
    /// - Parameter layerCount: layers beyond it have no place.
    /// - Throws: `ConversionProblem.unknownTensor`.
    static func ggufName(of name: String, layerCount: Int) throws -> String? {
        if dropped.contains(where: name.hasSuffix) { return nil }
        guard let dot = name.lastIndex(of: "."), [".weight", ".bias"].contains(String(name[dot...])) else {
            throw ConversionProblem.unknownTensor(name)
        }
        let base = String(name[..<dot])
        if let mapped = outside[base] { return mapped + name[dot...] }
        let parts = base.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == "model", parts[1] == "layers", let index = Int(parts[2]),
            (0..<layerCount).contains(index), let mapped = layer[String(parts[3])]
        else { throw ConversionProblem.unknownTensor(name) }
        return "blk.\(index).\(mapped)\(name[dot...])"
    }
}
