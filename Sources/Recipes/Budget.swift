/// How large a build may be.
public enum Budget: Hashable, Sendable {
    /// Bytes of the whole file.
    case bytes(Int)
    /// Bits a weight, over all tensors of the model; what lies before the tensors comes on top.
    case bitsPerWeight(Double)
}
