/// The number of tokens to pad to, for a model whose tokenizer and embeddings have different sizes.
public enum VocabularyPadding: Sendable, Equatable, CustomStringConvertible {
    /// The larger of both sizes.
    case larger
    /// This number, which must be at least the larger of both sizes.
    case count(Int)
    /// The next multiple of this number.
    case multiple(Int)

    /// The largest vocabulary that is accepted.
    package static let limit = 1 << 24

    /// Parses `auto`, `32064` or `x64`.
    /// - Returns: nil for another text, or a number beyond 2^24.
    public init?(_ text: String) {
        let number = Int(text.hasPrefix("x") ? String(text.dropFirst()) : text)
        if text.lowercased() == "auto" {
            self = .larger
        } else if let number, (1...Self.limit).contains(number) {
            self = text.hasPrefix("x") ? .multiple(number) : .count(number)
        } else {
            return nil
        }
    }

    /// The text that `init` parses.
    public var description: String {
        switch self {
        case .larger: "auto"
        case .count(let count): "\(count)"
        case .multiple(let count): "x\(count)"
        }
    }

    /// - Parameter needed: the larger of the sizes.
    /// - Throws: `ConversionProblem.paddingTooSmall`.
    func count(of needed: Int) throws -> Int {
        switch self {
        case .larger: return needed
        case .multiple(let factor): return (needed + factor - 1) / factor * factor
        case .count(let count):
            guard count >= needed else { throw ConversionProblem.paddingTooSmall(asked: count, needed: needed) }
            return count
        }
    }
}
