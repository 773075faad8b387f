import Architectures
import Inference
import Tokenizers

/// The progress of a test.
public struct AccuracyProgress: Sendable {
    /// The number of tasks to answer.
    public let taskCount: Int
    /// The result over the tasks so far.
    public let result: AccuracyResult
}

/// Answers multiple-choice tasks by log-likelihood: a model's answer is the ending with the highest probability after
/// the context.
public struct AccuracyRun {
    /// The model that answers.
    public let model: LanguageModel
    /// The number of threads; answers are the same for any number.
    public let threads: Int

    /// Creates a run of one model.
    public init(_ model: LanguageModel, threads: Int = 1) {
        self.model = model
        self.threads = threads
    }

    /// The tokens of a context with an ending, and where those of the ending begin.
    private struct Candidate {
        let tokens: [Int32]
        let start: Int
        let byteCount: Int
    }

    /// - Parameter progress: called after each task; an error that it throws ends the run.
    /// - Throws: `EvaluationError` for a task that is longer than the model's context, `InferenceError`,
    ///   `TokenizerError`.
    public func answer(
        _ tasks: [MultipleChoiceTask],
        progress: (AccuracyProgress) throws -> Void = { _ in }
    ) throws -> AccuracyResult {
        let candidates = try tasks.map { task in try task.endings.map { try candidate(task, $0) } }
        let longest = candidates.joined().map(\.tokens.count).max() ?? 1
        let session = try InferenceSession(
            model,
            SessionOptions(context: longest, threads: threads, readsWholeTexts: true)
        )
        var answers: [AccuracyResult.Answer] = []
        for (task, candidates) in zip(tasks, candidates) {
            let scores = try candidates.map { try logProbability($0, task, session) }
            let normalized = zip(scores, candidates).map { $0 / Double($1.byteCount) }
            answers.append(
                AccuracyResult.Answer(
                    line: task.line,
                    label: task.label,
                    choice: Self.best(scores),
                    normalizedChoice: Self.best(normalized),
                    logProbabilities: scores
                )
            )
            try progress(AccuracyProgress(taskCount: tasks.count, result: AccuracyResult(answers)))
        }
        return AccuracyResult(answers)
    }

    private func candidate(_ task: MultipleChoiceTask, _ ending: String) throws -> Candidate {
        let context = try model.tokenizer.encode(task.context)
        let tokens = try model.tokenizer.encode(task.text(ending))
        if let limit = model.shape.trainedContext, tokens.count > limit {
            throw EvaluationError.badTask(
                line: task.line,
                why: "the task has \(tokens.count) tokens, more than the model's context of \(limit)"
            )
        }
        // A token across the border belongs to the ending. The very first token is never predicted.
        let shared = zip(context, tokens).prefix { $0 == $1 }.count
        let start = max(1, min(shared, tokens.count - 1))
        guard start < tokens.count else {
            throw EvaluationError.badTask(line: task.line, why: "context and ending are a single token together")
        }
        return Candidate(tokens: tokens, start: start, byteCount: ending.utf8.count)
    }

    private func logProbability(
        _ candidate: Candidate,
        _ task: MultipleChoiceTask,
        _ session: InferenceSession
    ) throws -> Double {
        let scored = (candidate.start - 1)..<(candidate.tokens.count - 1)
        let kernels = session.kernels
        var sum = 0.0
        session.reset()
        try session.evaluate(Array(candidate.tokens.dropLast()), logitsFor: scored) { logits in
            for row in 0..<logits.count {
                let target = candidate.tokens[logits.first + row + 1]
                sum -= TokenScore(logits[row], target: target, kernels: kernels).surprise
            }
        }
        guard sum.isFinite else {
            throw EvaluationError.badTask(
                line: task.line,
                why: "the model's output is not a number, for its weights are damaged; make the file again"
            )
        }
        return sum
    }

    /// Returns the index of the largest score, the first of equal ones.
    private static func best(_ scores: [Double]) -> Int {
        scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
    }
}
