import BlockFormats
import Inference
import Tokenizers

/// What was found in one window of a text, token by token. Figures are sums over tokens in the order of the text, so they are the same to the last digit
/// wherever windows were scored, as long as they are added in their order.
struct ScoredWindow: Sendable, Equatable {
    /// Among the windows of the text.
    let index: Int
    /// Of the first token that is scored, in the window.
    let firstPosition: Int
    /// One for each scored token.
    let surprises: [Double]
    /// Bytes of UTF-8 that each scored token spells.
    let byteCounts: [Int]
    /// How each compares with the base; empty where there is none.
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

    /// A token whose figures are no numbers.
    func notANumber(at index: Int) -> EvaluationError {
        .notANumber(chunk: self.index + 1, position: firstPosition + index + 1)
    }
}

/// Under which a model was run: needed to repeat the last digits.
struct ScoringConditions: Sendable, Equatable {
    /// Tokens of a window.
    let context: Int
    /// Precision of keys and values.
    let cacheType: String
    /// What computed.
    let kernels: String

    init(context: Int, cacheType: String, kernels: String) {
        (self.context, self.cacheType, self.kernels) = (context, cacheType, kernels)
    }

    init(context: Int, _ session: InferenceSession) {
        self.init(context: context, cacheType: session.options.cacheType.rawValue, kernels: session.kernels.rawValue)
    }
}
