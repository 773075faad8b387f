/// The rounding of weights in a block.
public enum Rounding: String, Sendable, CaseIterable {
    /// Byte-identical to llama-quantize.
    case reference
    /// Starts from the reference and lowers the weighted error, in the same formats and sizes; needs an importance
    /// matrix, and changes the types with evenly spaced levels, from Q4_0 to Q6_K.
    case refined
    /// Lets each column compensate for the errors of those before it, according to the correlation of the inputs on a
    /// text; applies to the formats that `FeedbackRounding` supports, if it lowers the error of the outputs on
    /// held-back text.
    case feedback
    /// For models trained for four bits: a tensor that becomes Q4_0 and lies on a grid of four bits keeps that grid. A
    /// model without such tensors is rejected.
    case lattice
    /// Acts as `lattice` if any tensors lie on a grid, otherwise as `reference`.
    case auto

    /// Whether tensors are checked for a grid.
    var takesLattice: Bool { self == .lattice || self == .auto }
}

/// The processing of blocks after they were encoded as in the reference.
enum BlockFinish: Sendable {
    case none, refined, lattice
}
