import BinaryIO
import Quantization
import Settings
import Tensors
import Yams

/// Types for all tensors with the same role in a model, such as `ffn-down: q6_k`.
enum RoleTypes {
    /// The roles by their names in pipeline files.
    static let roles: [(name: String, role: TensorRole)] = [
        ("token-embedding", .tokenEmbedding), ("output", .output),
        ("attention-q", .attentionQ), ("attention-k", .attentionK), ("attention-v", .attentionV),
        ("attention-qkv", .attentionQKV), ("attention-kv-b", .attentionKVB), ("attention-output", .attentionOutput),
        ("ffn-gate", .ffnGate), ("ffn-up", .ffnUp), ("ffn-down", .ffnDown),
    ]

    static var names: [String] { roles.map(\.name) }
}

extension SettingReader {
    /// Reads `role-types`: sets the types of output and token embedding if nothing else does, and returns the rules for
    /// the other roles.
    func roleTypes(_ options: inout QuantizationOptions) -> [TensorTypeRule] {
        var rules: [TensorTypeRule] = []
        guard let node = node("role-types"), let reader = inner(node, "'role-types'", known: RoleTypes.names) else {
            return []
        }
        for (name, role) in RoleTypes.roles {
            guard let type = reader.tensorType(name) else { continue }
            switch role {
            case .output: options.outputTensorType = options.outputTensorType ?? type
            case .tokenEmbedding: options.tokenEmbeddingType = options.tokenEmbeddingType ?? type
            default:
                // A dot in a name matches only a dot.
                guard let pattern = role.mark?.replacing(".", with: "\\.") else { continue }
                rules.append(TensorTypeRule(pattern: pattern, type: type))
            }
        }
        return rules
    }
}
