/// How many tokens a model is to have where its tokenizer and its embeddings count differently.
public enum VocabularyPadding: Sendable, Equatable, CustomStringConvertible {
    /// As many as the larger of both counts.
    case larger
    /// So many, and no fewer than there are.
    case count(Int)
    /// The next multiple of so many.
    case multiple(Int)

    /// No vocabulary is larger.
    package static let limit = 1 << 24

    /// Reads `auto`, `32064` or `x64`.
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

    /// As it is read.
    public var description: String {
        switch self {
        case .larger: "auto"
        case .count(let count): "\(count)"
        case .multiple(let count): "x\(count)"
        }
    }

    /// - Parameter needed: the larger of the counts.
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
