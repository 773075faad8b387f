import BinaryIO
import Quantization
import Settings
import Tensors
import Yams

/// Types for all tensors that play one role in a model, such as `ffn-down: q6_k`.
enum RoleTypes {
    /// By the names that pipeline files have for them.
    static let roles: [(name: String, role: TensorRole)] = [
        ("token-embedding", .tokenEmbedding), ("output", .output),
        ("attention-q", .attentionQ), ("attention-k", .attentionK), ("attention-v", .attentionV),
        ("attention-qkv", .attentionQKV), ("attention-kv-b", .attentionKVB), ("attention-output", .attentionOutput),
        ("ffn-gate", .ffnGate), ("ffn-up", .ffnUp), ("ffn-down", .ffnDown),
    ]

    static var names: [String] { roles.map(\.name) }
}

extension SettingReader {
    /// What `role-types` say of output and token embedding, where nothing else does, and the rules for the other roles.
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
                // A dot of a name is a dot.
                guard let pattern = role.mark?.replacing(".", with: "\\.") else { continue }
                rules.append(TensorTypeRule(pattern: pattern, type: type))
            }
        }
        return rules
    }
}
