import Architectures
import Evaluation
import Inference
import SystemPackage
import Tokenizers
import Work

/// The text that a model generated.
public struct GenerationReport: Codable, Sendable {
    /// The prompt that the model continued.
    public var prompt: String
    /// The generated text, without the prompt.
    public var text: String
    /// The ids of the generated tokens.
    public var tokens: [Int32]
    /// The number of tokens in the prompt.
    public var promptTokens: Int
    /// Why generation ended, such as `limit`.
    public var stop: String
    /// The decoding speed, measured after the first token.
    public var tokensPerSecond: Double

    init(_ prompt: String, _ generation: Generation) {
        self.prompt = prompt
        text = generation.text
        tokens = generation.tokens
        promptTokens = generation.promptTokens
        stop = generation.stop.rawValue
        let seconds = generation.writingDuration / .seconds(1)
        tokensPerSecond = seconds > 0 ? Double(max(0, generation.tokens.count - 1)) / seconds : 0
    }
}

extension GenerationReport {
    /// Continues a prompt, to try whether a model works.
    /// - Parameters:
    ///   - isQuestion: whether the model's chat template is applied to the prompt.
    ///   - limit: the most tokens to generate.
    ///   - temperature: the temperature of sampling, unless `greedy`.
    ///   - onText: called with each piece of text as it becomes complete.
    /// - Throws: `EvaluationError.noChatForm`, `GGUFError`, `InferenceError`, `TokenizerError`; `Interruption.Stopped`.
    public init(
        continuing prompt: String,
        with model: FilePath,
        isQuestion: Bool = false,
        limit: Int,
        greedy: Bool,
        temperature: Float,
        seed: UInt64,
        threads: Int,
        onText: (String) -> Void
    ) throws {
        let model = try LanguageModel(path: model)
        let prompt = isQuestion ? try ChatForm(of: model).text(asking: prompt) : prompt
        let promptCount = try model.tokenizer.encode(prompt, parseSpecial: true).count
        let context = min(max(model.shape.trainedContext ?? .max, promptCount + 1), promptCount + limit)
        let session = try InferenceSession(model, SessionOptions(context: context, threads: threads))
        let sampling = greedy ? Sampling.greedy : .random(temperature: temperature, seed: seed)
        let result = try Generator(session, sampling: sampling).generate(prompt, limit: limit) { piece in
            onText(piece)
            return (try? Interruption.check()) != nil
        }
        try Interruption.check()
        self.init(prompt, result)
    }
}
