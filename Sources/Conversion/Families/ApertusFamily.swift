import GGUF
import Safetensors
import Tensors

/// Apertus: Llama with norms on queries and keys, and an activation with learned parameters for each layer.
struct ApertusFamily: LlamaLikeFamily {
    static let architectures = ["ApertusForCausalLM"]
    static let ggufName = "apertus"
    static let defaults = [
        "max_position_embeddings": "65536", "rms_norm_eps": "1e-5", "rope_theta": "12000000.0",
        "vocab_size": "131072",
        "rope_scaling": """
        {"rope_type": "llama3", "rope_theta": 12000000.0, "factor": 8.0, "original_max_position_embeddings": 8192,
        "low_freq_factor": 1.0, "high_freq_factor": 4.0}
        """,
    ]
    static let layerNames = Qwen3Family.layerNames.merging([
        "attention_layernorm": "attn_norm", "feedforward_layernorm": "ffn_norm",
    ]) { $1 }
    static let headLength = CommonParameters.HeadLength.whereGiven
    static let preTokenizer: String? = "tekken"
    /// The learned parameters of each layer, in the order in which they are written.
    private static let learned = ["alpha_n", "alpha_p", "beta", "eps"]

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        if name.contains(".mlp.act_fn."), Self.learned.contains(where: name.hasSuffix) { return .leftOut }
        return try TensorNames(self).use(of: name)
    }

    func edit(of name: String) throws -> TensorEdit { TensorEdit() }

    func extras(of folder: HuggingFaceFolder) throws -> FamilyExtras {
        var extras = try extras()
        let layers = try config.requiredCount("num_hidden_layers")
        let entries = Dictionary(folder.checkpoint.entries.map { ($0.tensor.name, $0) }) { first, _ in first }
        for name in Self.learned {
            let numbers = try (0..<layers).map { layer in
                guard let entry = entries["model.layers.\(layer).mlp.act_fn.\(name)"] else {
                    throw ConversionProblem.missingLayerTensors(layer: layer)
                }
                return try Self.number(entry)
            }
            extras.metadata.append(("xielu.\(name)", .array(.float32(numbers))))
        }
        return extras
    }

    /// The only number of a tensor.
    private static func number(_ entry: SafetensorsCheckpoint.Entry) throws -> Float {
        let tensor = entry.tensor
        guard tensor.shape.count <= 1, tensor.shape.allSatisfy({ $0 == 1 }) else {
            throw ConversionProblem.wrongShape(tensor: tensor.name, found: tensor.shape, expected: "one number,")
        }
        guard WeightDecoder.reads(tensor.type) else {
            throw ConversionProblem.unsupportedElementType(tensor: tensor.name, type: tensor.type.rawValue)
        }
        return WeightDecoder.numbers(of: entry)[0]
    }
}
