/// The allowed size of a build.
public enum Budget: Hashable, Sendable {
    /// The size of the whole file, in bytes.
    case bytes(Int)
    /// Bits per weight, over all tensors of the model; the header of the file is not counted.
    case bitsPerWeight(Double)
}
