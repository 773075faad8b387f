import GGUF

/// Granite 3 with experts and an optional shared one; the gate and up matrices of all experts are in one tensor.
struct GraniteMoEFamily: LlamaLikeFamily {
    static let architectures = ["GraniteMoeForCausalLM", "GraniteMoeSharedForCausalLM"]
    static let ggufName = "granitemoe"
    static let defaults = GraniteFamily.defaults.merging(["num_experts_per_tok": "2", "num_local_experts": "8"]) { $1 }
    static let headLength = CommonParameters.HeadLength.never
    static let layerNames = [
        "block_sparse_moe.router.layer": "ffn_gate_inp", "block_sparse_moe.output_linear": "ffn_down_exps",
    ]
    static let preTokenizer = GraniteFamily.preTokenizer

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        // Without other experts, the shared one is the network.
        let ending = try config.integer("num_local_experts") ?? 0 > 0 ? "_shexp" : ""
        func output(_ name: String, _ order: RowOrder = .unchanged) -> TensorUse.Output {
            .init(name: "blk.\(layer).\(name).weight", edit: TensorEdit(order: order))
        }
        switch rest {
        case "block_sparse_moe.input_linear.weight":
            return .tensors([
                output("ffn_gate_exps", .half(isSecond: false)), output("ffn_up_exps", .half(isSecond: true)),
            ])
        case "shared_mlp.input_linear.weight":
            let length = try config.requiredCount("shared_intermediate_size")
            return .tensors(
                [("ffn_gate", 0), ("ffn_up", length)].map { name, first in
                    output(name + ending, .picked(Array(first..<(first + length))))
                }
            )
        case "shared_mlp.output_linear.weight": return .tensors([output("ffn_down" + ending)])
        default: return try names.use(of: name)
        }
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeLlamaParameters(to: &metadata, fileType: fileType)
        try GraniteFamily.writeFactors(of: config, to: &metadata, prefix: Self.ggufName)
        guard let length = try config.integer("shared_intermediate_size"), length > 0 else { return }
        metadata.set("\(Self.ggufName).expert_shared_feed_forward_length", .uint32(UInt32(length)))
    }
}
