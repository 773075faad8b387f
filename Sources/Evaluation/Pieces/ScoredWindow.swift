import BlockFormats
import Inference
import Tokenizers

/// The scores of one window of a text, token by token. Figures are sums over tokens in the order of the text, so they
/// are the same to the last digit wherever windows were scored, if they are added in order.
struct ScoredWindow: Sendable, Equatable {
    /// The window's index in the text.
    let index: Int
    /// The position of the first scored token in the window.
    let firstPosition: Int
    /// The surprise of each scored token.
    let surprises: [Double]
    /// The bytes of UTF-8 that each scored token spells.
    let byteCounts: [Int]
    /// The comparison of each token with the base; empty without one.
    let comparisons: [DivergenceScore]

    init(
        index: Int,
        firstPosition: Int,
        surprises: [Double],
        byteCounts: [Int],
        comparisons: [DivergenceScore]
    ) {
        (self.index, self.firstPosition, self.surprises) = (index, firstPosition, surprises)
        (self.byteCounts, self.comparisons) = (byteCounts, comparisons)
    }

    init(
        _ window: TextWindows.Window,
        _ scores: [TokenScore],
        _ comparisons: [DivergenceScore],
        _ tokenizer: Tokenizer
    ) {
        self.init(
            index: window.index,
            firstPosition: window.scored.lowerBound,
            surprises: scores.map(\.surprise),
            byteCounts: window.targets.prefix(scores.count).map {
                tokenizer.piece(of: $0, renderSpecial: true).count
            },
            comparisons: comparisons
        )
    }

    /// Returns the error for a token whose figures are NaN.
    func notANumber(at index: Int) -> EvaluationError {
        .notANumber(chunk: self.index + 1, position: firstPosition + index + 1)
    }
}

/// The conditions under which a model was run, which are needed to reproduce the last digits.
struct ScoringConditions: Sendable, Equatable {
    /// The number of tokens in a window.
    let context: Int
    /// The precision of keys and values.
    let cacheType: String
    /// The kernels used for the computation.
    let kernels: String

    init(context: Int, cacheType: String, kernels: String) {
        (self.context, self.cacheType, self.kernels) = (context, cacheType, kernels)
    }

    init(context: Int, _ session: InferenceSession) {
        self.init(context: context, cacheType: session.options.cacheType.rawValue, kernels: session.kernels.rawValue)
    }
}
