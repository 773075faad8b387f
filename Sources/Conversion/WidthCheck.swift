import Tensors

/// Checks that weights are as wide as config.json says, so that a file of another model is detected before an engine
/// fails.
struct WidthCheck {
    /// Matrices that read the hidden state: the length of their rows is its width.
    private static let readers: Set<String> = [
        "token_embd", "output", "attn_q", "attn_k", "attn_v", "attn_qkv", "ffn_gate", "ffn_up", "ffn_gate_exps",
        "ffn_up_exps", "ffn_gate_inp", "ssm_in",
    ]
    /// Norm weights of the hidden state.
    private static let norms: Set<String> = [
        "attn_norm", "ffn_norm", "output_norm", "post_attention_norm", "post_ffw_norm",
    ]
    /// Matrices that write the hidden state: the number of their rows is its width.
    private static let writers: Set<String> = ["attn_output", "ffn_down", "ffn_down_exps", "ssm_out"]

    private let width: Int

    init(_ config: ModelConfig) throws {
        width = try config.requiredInteger("hidden_size", "n_embd")
    }

    /// The expected shape, if it differs; nil if the shape fits.
    func problem(of name: String, _ shape: TensorShape) -> String? {
        let parts = name.split(separator: ".")
        guard parts.last == "weight", parts.count >= 2 else { return nil }
        let role = String(parts[parts.count - 2])
        if Self.readers.contains(role) || Self.norms.contains(role) {
            return shape.rowLength == width ? nil : "rows of \(width) elements, config.json's width,"
        }
        if Self.writers.contains(role) {
            let rows = shape.dimensions.count > 1 ? shape.dimensions[1] : 1
            return rows == width ? nil : "\(width) rows, config.json's width,"
        }
        return nil
    }
}
