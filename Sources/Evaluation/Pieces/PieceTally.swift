/// The figures of a text whose pieces are added in order.
package struct PieceTally {
    private var first: ScoredPiece.Kind?
    /// The first window of the next piece.
    private var next = 0
    private var perplexity = PerplexityTally()
    private var divergence = DivergenceTally()
    /// The kernels of all pieces: machines with different processors may have shared the work, which matters when
    /// figures are compared.
    private var kernels: Set<String> = []

    /// Creates a tally without pieces.
    package init() {}

    /// Adds the next piece in order.
    /// - Throws: `EvaluationError.piecesDoNotFit` for any other piece; `notANumber`.
    package mutating func add(_ piece: ScoredPiece) throws {
        let first = first ?? piece.kind
        guard piece.kind == first else { throw EvaluationError.piecesDoNotFit("they were measured in different ways") }
        guard piece.range.lowerBound == next else {
            throw EvaluationError.piecesDoNotFit("chunk \(next + 1) is missing, or there twice")
        }
        self.first = first
        next = piece.range.upperBound
        for window in piece.windows {
            try perplexity.add(window)
            if piece.isCompared { try divergence.add(window) }
        }
        if !piece.range.isEmpty { kernels.insert(piece.conditions.kernels) }
    }

    /// Returns the figures so far; with all pieces, they equal those of one run to the last digit.
    /// - Parameter areAll: false if the pieces are only the beginning of the text.
    /// - Throws: `EvaluationError.piecesDoNotFit` if some are missing; `noText`.
    package func figures(
        areAll: Bool = true
    ) throws -> (perplexity: PerplexityResult, divergence: KLDivergenceResult?) {
        guard let first else { throw EvaluationError.piecesDoNotFit("there are none") }
        guard next == first.windowCount || !areAll else {
            throw EvaluationError.piecesDoNotFit("chunk \(next + 1) is missing")
        }
        let conditions = ScoringConditions(
            context: first.context,
            cacheType: first.cacheType,
            kernels: kernels.sorted().joined(separator: "+")
        )
        let result = try perplexity.result(conditions)
        return (result, first.isCompared ? divergence.result(build: result) : nil)
    }
}

extension ScoredPiece {
    /// What all pieces of a text have in common.
    fileprivate struct Kind: Equatable {
        let windowCount: Int
        let context: Int
        let cacheType: String
        let isCompared: Bool
    }

    fileprivate var kind: Kind {
        Kind(
            windowCount: windowCount,
            context: conditions.context,
            cacheType: conditions.cacheType,
            isCompared: isCompared
        )
    }
}
