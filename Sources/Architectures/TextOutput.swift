import GGUF

/// What a model gives for a text as a whole, beside logits: a vector, or scores.
public struct TextOutput: Sendable, Equatable {
    /// How the tokens' vectors become one; nil where the file does not say, as with models that write.
    public let pooling: Pooling?
    /// What the classifier reads where the file says that it is the mean; otherwise it is one token's vector.
    public let classifiesMean: Bool
    /// Scores that the classifier gives.
    public let scoreCount: Int
    /// The labels of these scores, in order; none where the file has no names.
    public let labels: [String]
    /// The classifier that files of the family may have; nil for none.
    public let classifier: ClassifierRule?
    /// Lengths of the rows that two further matrices give, one behind the other; nil for a matrix that is not there.
    public let denseLengths: DenseLengths

    /// See `denseLengths`.
    public struct DenseLengths: Sendable, Equatable {
        /// What the first gives.
        public let second: Int?
        /// What the second takes; it gives as many elements as the hidden state has.
        public let third: Int?
    }

    private static let mostScores = 1 << 16

    /// - Throws: `ShapeProblem` for a way to pool that is not known; `GGUFProblem` for a value of the wrong type.
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

/// What stands between a text's vector and its scores.
public struct ClassifierRule: Sendable, Equatable {
    /// What follows the first matrix.
    public enum Activation: Sendable {
        /// The hyperbolic tangent.
        case tanh
        /// GELU.
        case gelu
    }

    /// Whether a matrix and an activation may come first.
    public let mayHaveHead: Bool
    /// What follows that matrix.
    public let activation: Activation
    /// Whether scores are shares of one.
    public let givesShares: Bool
    /// Whether it reads the mean of all tokens unless the file says otherwise.
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
