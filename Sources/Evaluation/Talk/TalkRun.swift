import Architectures
import Inference
import Tokenizers
import Work

/// Asks a model a few questions in the form of its chat template.
///
/// Whether an answer is right, nobody can tell by rule; whether it is one, can be: it ends with the token that ends a turn,
/// says something, and does not say it over and over. Builds with good perplexity have failed here, for want of the right end
/// token or template.
public struct TalkRun {
    /// The model that is asked.
    public let model: LanguageModel
    /// How it is asked.
    public let form: ChatForm
    /// Tokens of an answer, at most.
    public let limit: Int
    /// How many threads work; answers are the same for any number.
    public let threads: Int

    /// How many questions may be asked, and how long each may be, in bytes.
    public static let (mostQuestions, longestQuestion) = (256, 1 << 16)

    /// What is asked where nothing is given.
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

    /// The questions of a text, one a line; empty lines count for nothing.
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

    /// - Parameter progress: called after each answer, with their number; what it throws ends the run.
    /// - Throws: `InferenceError` for a question that does not fit the model's context, `TokenizerError`; `Interruption.Stopped`.
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
