import Safetensors

/// What an adapter does to a tensor of a GGUF file.
struct AdapterChange: Sendable {
    enum Kind: Sendable {
        case update(LowRankUpdate)
        /// A whole tensor in the place of the file's, in the checkpoint's order.
        case replacement(SafetensorsCheckpoint.Entry)
    }

    /// The tensor's name in the file.
    let target: String
    /// Which matrix of a stack is changed; nil where the tensor is no stack.
    var height: Int?
    let kind: Kind
    /// How the tensor changed on the way from the checkpoint.
    var edit = TensorEdit()
}
