/// A matrix of a model: a tensor, or one matrix of a tensor that is a stack.
public struct MatrixName: Hashable, Sendable {
    /// The tensor's name.
    public let tensor: String
    /// The index of the matrix in its tensor: the expert, or 0.
    public let matrix: Int

    /// Creates the name of a tensor's matrix.
    public init(_ tensor: String, matrix: Int = 0) { (self.tensor, self.matrix) = (tensor, matrix) }
}

/// The observed inputs of some matrices: those for fitting, and those that were held back.
public final class MatrixInputs: Sendable {
    /// The correlation of all tokens that were not held back.
    public let correlation: InputCorrelation
    /// The held-back tokens.
    public let held: HeldInputs

    /// Creates inputs without tokens.
    /// - Throws: `QuantizationProblem.outOfMemory`.
    public init(columns: Int) throws {
        correlation = try InputCorrelation(columns: columns)
        held = HeldInputs(columns: columns)
    }

    private init(copying other: MatrixInputs) throws {
        correlation = try other.correlation.copy()
        held = try other.held.copy()
    }

    /// Returns a copy in separate memory.
    package func copy() throws -> MatrixInputs { try MatrixInputs(copying: self) }

    /// Returns the combined inputs of a layer's experts, with each token counted once per expert that it went to.
    /// - Returns: nil if there is nothing to add up.
    public static func pooled(_ parts: [MatrixInputs]) throws -> MatrixInputs? {
        guard let first = parts.first else { return nil }
        let sum = try first.copy()
        for part in parts.dropFirst() {
            try sum.correlation.add(part.correlation)
            try sum.held.add(part.held)
        }
        return sum
    }

    /// Whether there are enough tokens to distinguish the columns: a quarter of their number.
    public var suffice: Bool { correlation.tokenCount * 4 >= correlation.columns && held.tokenCount > 0 }
}
