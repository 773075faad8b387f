/// A tensor's dimensions as GGUF stores them: fastest-varying first, so a matrix of 3072 rows of 256 is `[256, 3072]`.
public struct TensorShape: Hashable, Sendable, CustomStringConvertible {
    /// The dimensions, fastest-varying first; empty for a single number.
    public let dimensions: [Int]

    /// - Returns: nil for a negative dimension or a product of dimensions that overflows.
    public init?(_ dimensions: [Int]) {
        var product = 1
        for dimension in dimensions {
            guard dimension >= 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            guard !overflow else { return nil }
            product = next
        }
        self.dimensions = dimensions
        self.elementCount = product
    }

    /// The same elements without trailing dimensions of one; the first dimension stays.
    public var withoutTrailingOnes: TensorShape {
        let last = dimensions.lastIndex { $0 != 1 } ?? 0
        return TensorShape(Array(dimensions.prefix(last + 1))) ?? self
    }

    /// The product of all dimensions.
    public let elementCount: Int

    /// The number of elements in a row, the contiguous dimension.
    public var rowLength: Int { dimensions.first ?? 1 }

    /// The number of contiguous rows.
    public var rowCount: Int { rowLength == 0 ? 0 : elementCount / rowLength }

    /// The dimensions in brackets: "[256, 3072]".
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
