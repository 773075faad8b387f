import GGUF

/// A model's output for a whole text, besides logits: a vector, or scores.
public struct TextOutput: Sendable, Equatable {
    /// How the tokens' vectors are combined; nil if the file does not say, as for language models.
    public let pooling: Pooling?
    /// Whether the classifier reads the mean of all tokens, as the file says; otherwise it reads the vector of one
    /// token.
    public let classifiesMean: Bool
    /// The number of scores of the classifier.
    public let scoreCount: Int
    /// The labels of these scores, in order; empty if the file has none.
    public let labels: [String]
    /// The classifier that files of the architecture may have; nil for none.
    public let classifier: ClassifierRule?
    /// The lengths of two further matrices, applied one after the other; nil for a missing matrix.
    public let denseLengths: DenseLengths

    /// The lengths of two dense matrices after the pooled vector.
    public struct DenseLengths: Sendable, Equatable {
        /// The output length of the first matrix.
        public let second: Int?
        /// The input length of the second matrix; its output is as long as the hidden state.
        public let third: Int?
    }

    private static let mostScores = 1 << 16

    /// - Throws: `ShapeProblem` for an unknown pooling type; `GGUFProblem` for a value of the wrong type.
    init(_ keys: ShapeReader, _ family: Family, width: Int) throws {
        pooling = try Self.pooling("pooling_type", keys)
        let read = try Self.pooling("classifier.pooling_type", keys)
        classifiesMean = read == .mean || read == nil && family.classifier?.readsMean == true
        classifier = family.classifier
        labels = try keys.metadata.strings(keys.key("classifier.output_labels")) ?? []
        scoreCount = max(1, labels.count)
        guard scoreCount <= min(Self.mostScores, max(width, 1)) else {
            throw keys.bad("classifier.output_labels", "an array of \(scoreCount)", "at most \(width) labels")
        }
        guard family.mayHaveDense else {
            denseLengths = DenseLengths(second: nil, third: nil)
            return
        }
        denseLengths = DenseLengths(
            second: try Self.denseLength("dense_2_feat", other: "in", own: "out", keys, width: width),
            third: try Self.denseLength("dense_3_feat", other: "out", own: "in", keys, width: width)
        )
    }

    private static func pooling(_ name: String, _ keys: ShapeReader) throws -> Pooling? {
        guard let number = try keys.metadata.integer(keys.key(name)) else { return nil }
        guard let pooling = Pooling(rawValue: number) else {
            throw keys.bad(name, number, "0 to \(Pooling.allCases.count - 1)")
        }
        return pooling
    }

    private static func denseLength(
        _ name: String,
        other: String,
        own: String,
        _ keys: ShapeReader,
        width: Int
    ) throws -> Int? {
        let end = try keys.whole("\(name)_\(other)", from: 0) ?? 0
        guard end == 0 || end == width else { throw keys.bad("\(name)_\(other)", end, "\(width)") }
        guard let length = try keys.whole("\(name)_\(own)", from: 0), length > 0 else { return nil }
        return length
    }
}

/// The layers between a text's vector and its scores.
public struct ClassifierRule: Sendable, Equatable {
    /// The activation after the first matrix.
    public enum Activation: Sendable {
        /// The hyperbolic tangent.
        case tanh
        /// GELU.
        case gelu
    }

    /// Whether a matrix and an activation may come first.
    public let mayHaveHead: Bool
    /// The activation after that matrix.
    public let activation: Activation
    /// Whether a softmax normalizes the scores.
    public let givesShares: Bool
    /// Whether it reads the mean of all tokens by default.
    let readsMean: Bool

    init(
        mayHaveHead: Bool = true,
        activation: Activation = .tanh,
        givesShares: Bool = false,
        readsMean: Bool = false
    ) {
        self.readsMean = readsMean
        self.mayHaveHead = mayHaveHead
        self.activation = activation
        self.givesShares = givesShares
    }
}
