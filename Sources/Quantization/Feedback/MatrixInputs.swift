/// A matrix of a model: a tensor, or one of the matrices that it is a stack of.
public struct MatrixName: Hashable, Sendable {
    /// The tensor's name.
    public let tensor: String
    /// Which of the tensor's matrices: the expert, or 0.
    public let matrix: Int

    /// The matrix of a tensor.
    public init(_ tensor: String, matrix: Int = 0) { (self.tensor, self.matrix) = (tensor, matrix) }
}

/// What was seen of the inputs of some matrices: those to fit to, and those that were held back.
public final class MatrixInputs: Sendable {
    /// Of all tokens that were not held back.
    public let correlation: InputCorrelation
    /// The others.
    public let held: HeldInputs

    /// Without tokens.
    /// - Throws: `QuantizationProblem.outOfMemory`.
    public init(columns: Int) throws {
        correlation = try InputCorrelation(columns: columns)
        held = HeldInputs(columns: columns)
    }

    private init(copying other: MatrixInputs) throws {
        correlation = try other.correlation.copy()
        held = try other.held.copy()
    }

    /// The same in memory of their own.
    package func copy() throws -> MatrixInputs { try MatrixInputs(copying: self) }

    /// What the experts of a layer saw together, each token as often as it went to one.
    /// - Returns: nil where there is nothing to add up.
    public static func pooled(_ parts: [MatrixInputs]) throws -> MatrixInputs? {
        guard let first = parts.first else { return nil }
        let sum = try first.copy()
        for part in parts.dropFirst() {
            try sum.correlation.add(part.correlation)
            try sum.held.add(part.held)
        }
        return sum
    }

    /// Whether enough tokens were seen for the columns to be told apart: a quarter as many.
    public var suffice: Bool { correlation.tokenCount * 4 >= correlation.columns && held.tokenCount > 0 }
}
