import Architectures
import Inference
import Tokenizers
import Work

/// Asks a model a few questions in the form of its chat template.
///
/// No rule can tell whether an answer is right, but rules can tell whether it is an answer: it ends with the token that
/// ends a turn, is not empty, and does not repeat itself. Builds with good perplexity have failed here, because the
/// right end token or template was missing.
public struct TalkRun {
    /// The model that is asked.
    public let model: LanguageModel
    /// The form of the questions.
    public let form: ChatForm
    /// The most tokens of an answer.
    public let limit: Int
    /// The number of threads; answers are the same for any number.
    public let threads: Int

    /// The most questions, and the most bytes of each.
    public static let (mostQuestions, longestQuestion) = (256, 1 << 16)

    /// The default questions.
    public static let usualQuestions = [
        "What is the capital of France?",
        "Write one sentence about the sea.",
        "How many days are there in a week?",
        "Name three fruits.",
    ]

    /// - Parameter form: nil for that of the model's own template.
    /// - Throws: `EvaluationError.noChatForm`.
    public init(_ model: LanguageModel, form: ChatForm? = nil, limit: Int = 256, threads: Int = 1) throws {
        (self.model, self.limit, self.threads) = (model, limit, threads)
        self.form = try form ?? ChatForm(of: model)
    }

    /// Reads the questions of a text, one per line; empty lines are ignored.
    /// - Throws: `EvaluationError.wrongTextCount`, `.notUTF8`, `.questionTooLong`.
    public static func questions(_ bytes: [UInt8]) throws -> [String] {
        var questions: [String] = []
        for (number, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        {
            guard let text = String(validating: line, as: UTF8.self) else {
                throw EvaluationError.notUTF8(line: number + 1)
            }
            guard !text.allSatisfy(\.isWhitespace) else { continue }
            guard line.count <= longestQuestion else { throw EvaluationError.questionTooLong(line: number + 1) }
            questions.append(text.hasSuffix("\r") ? String(text.dropLast()) : text)
        }
        guard (1...mostQuestions).contains(questions.count) else {
            throw EvaluationError.wrongTextCount(questions.count, least: 1, most: mostQuestions)
        }
        return questions
    }

    /// - Parameter progress: called after each answer, with the number of answers; an error that it throws ends the
    ///   run.
    /// - Throws: `InferenceError` for a question that does not fit the model's context, `TokenizerError`;
    ///   `Interruption.Stopped`.
    public func ask(_ questions: [String], progress: (Int) throws -> Void = { _ in }) throws -> TalkResult {
        let asked = try questions.map { try model.tokenizer.encode(form.text(asking: $0), parseSpecial: true).count }
        let longest = asked.max() ?? 1
        let context = min(max(model.shape.trainedContext ?? .max, longest + 1), longest + limit)
        let session = try InferenceSession(model, SessionOptions(context: context, threads: threads))
        var answers: [TalkResult.Answer] = []
        for question in questions {
            let generation = try Generator(session).generate(form.text(asking: question), limit: limit) { _ in
                (try? Interruption.check()) != nil
            }
            try Interruption.check()
            answers.append(answer(question, generation))
            try progress(answers.count)
        }
        return TalkResult(form, limit: limit, answers)
    }

    private func answer(_ question: String, _ generation: Generation) -> TalkResult.Answer {
        var stream = TextStream(model.tokenizer, renderSpecial: true)
        let whole = generation.tokens.map { stream.append($0) }.joined() + stream.finish()
        return TalkResult.Answer(
            question: question,
            text: generation.text,
            tokens: generation.tokens.count,
            fault: TalkResult.Fault(generation.tokens, whole, ended: generation.stop == .endToken, in: form)
        )
    }
}
