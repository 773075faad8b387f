/// How weights find their places in a block.
public enum Rounding: String, Sendable, CaseIterable {
    /// To the byte as llama-quantize does.
    case reference
    /// From there on to a lower weighted error, in the same formats and sizes; needs an importance matrix, and changes
    /// the types with evenly spaced levels, from Q4_0 to Q6_K.
    case refined
    /// Each column makes up for the errors of those before it, as the inputs on a text go together; in the formats that
    /// `FeedbackRounding` knows, and where it lowers the error of the outputs on text that was held back.
    case feedback
    /// For models that were trained for four bits: a tensor that becomes Q4_0 and lies on a grid of four bits keeps that grid.
    /// A model without such tensors is refused.
    case lattice
    /// As `lattice` where tensors lie on a grid, and as `reference` where none does.
    case auto

    /// Whether tensors are looked at for a grid.
    var takesLattice: Bool { self == .lattice || self == .auto }
}

/// What is done to blocks once they were encoded as the reference does.
enum BlockFinish: Sendable {
    case none, refined, lattice
}
