/// How weights find their places in a block.
public enum Rounding: String, Sendable, CaseIterable {
    /// To the byte as llama-quantize does.
    case reference
    /// From there on to a lower weighted error, in the same formats and sizes; needs an importance matrix, and changes
    /// the types with evenly spaced levels, from Q4_0 to Q6_K.
    case refined
}
