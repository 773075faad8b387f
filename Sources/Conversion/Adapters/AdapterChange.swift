import Safetensors

/// The change that an adapter makes to a tensor of a GGUF file.
struct AdapterChange: Sendable {
    enum Kind: Sendable {
        case update(LowRankUpdate)
        /// A whole tensor that replaces the file's, in the checkpoint's order.
        case replacement(SafetensorsCheckpoint.Entry)
    }

    /// The tensor's name in the file.
    let target: String
    /// The index of the changed matrix in a stack; nil if the tensor is not a stack.
    var height: Int?
    let kind: Kind
    /// How conversion changed the tensor's elements.
    var edit = TensorEdit()
}
