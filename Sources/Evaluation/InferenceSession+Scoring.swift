import Architectures
import Inference
import Work

extension LanguageModel {
    /// - Throws: `InferenceError` for a model whose tokens see later ones, which predicts none.
    package func requirePredictions() throws {
        guard !shape.seesBothWays else { throw InferenceError(path: path, problem: .embedsAlone) }
    }
}

extension InferenceSession {
    /// Runs one window from an empty cache and passes the logits of its scored positions to `body`, in slabs.
    /// - Parameter body: called with rows of logits, and the token that followed each.
    func score(_ window: TextWindows.Window, _ body: (ScoredRows, ArraySlice<Int32>) throws -> Void) throws {
        reset()
        try evaluate(window.tokens, logitsFor: window.scored) { logits in
            let first = logits.first - window.scored.lowerBound
            let targets = window.targets[first..<(first + logits.count)]
            try body(ScoredRows(logits: logits, first: first, threads: options.threads), targets)
        }
    }
}

/// Rows of logits, for reading in parallel.
///
/// Unchecked, because the logits are only read.
struct ScoredRows: @unchecked Sendable {
    let logits: LogitRows
    /// The index of the first row among the window's scored positions.
    let first: Int
    let threads: Int

    /// Returns the results of `transform` for each row, in order. Its second argument counts the window's scored
    /// positions.
    func map<Result: Sendable>(
        _ transform: @Sendable (UnsafeBufferPointer<Float>, Int) -> Result
    ) -> [Result] {
        [Result](unsafeUninitializedCapacity: logits.count) { buffer, initialized in
            nonisolated(unsafe) let results = buffer
            Workers(count: threads).forEach(logits.count) { row, _ in
                results.initializeElement(at: row, to: transform(logits[row], first + row))
            }
            initialized = logits.count
        }
    }
}
