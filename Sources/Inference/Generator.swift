import Architectures
import Tokenizers

/// A generated text.
public struct Generation: Sendable, Equatable {
    /// The reason why generation stopped.
    public enum Stop: String, Sendable {
        /// The model generated an end token.
        case endToken
        /// The requested number of tokens was reached.
        case limit
        /// The context is full.
        case contextFull
        /// The caller stopped it.
        case caller
    }

    /// The generated text, without the prompt.
    public let text: String
    /// The number of tokens in the prompt.
    public let promptTokens: Int
    /// The ids of the generated tokens, without the end token.
    public let tokens: [Int32]
    /// The reason why it stopped.
    public let stop: Stop
    /// The time for the prompt.
    public let promptDuration: Duration
    /// The time for all tokens after the first.
    public let writingDuration: Duration
}

/// Continues a text, token by token.
public struct Generator {
    /// The session that runs the model; its sequence is overwritten.
    public let session: InferenceSession
    /// The rule for choosing the next token.
    public let sampling: Sampling

    /// Creates a generator on a session; by default it chooses the most likely token.
    public init(_ session: InferenceSession, sampling: Sampling = .greedy) {
        self.session = session
        self.sampling = sampling
    }

    /// Continues `prompt` from an empty cache.
    /// - Parameters:
    ///   - limit: the largest number of tokens to generate.
    ///   - parseSpecial: whether control tokens in the prompt's text are parsed as such, as chat templates need.
    ///   - onText: called with each piece of text as it becomes complete; false stops the generation.
    /// - Throws: `InferenceError` if the prompt is empty or does not fit the context, or the model's output is not a
    ///   number; `TokenizerError`.
    public func generate(
        _ prompt: String,
        limit: Int,
        parseSpecial: Bool = true,
        onText: (String) -> Bool = { _ in true }
    ) throws -> Generation {
        if let pooling = session.model.shape.text.pooling, pooling != .none {
            throw InferenceError(path: session.model.path, problem: .embeds(pooling: pooling.name))
        }
        let tokenizer = session.model.tokenizer
        let tokens = try tokenizer.encode(prompt, parseSpecial: parseSpecial)
        guard !tokens.isEmpty else { throw InferenceError(path: session.model.path, problem: .emptyPrompt) }
        session.reset()
        let clock = ContinuousClock()
        let start = clock.now
        var sampler = Sampler(sampling, kernels: session.kernels, suppressed: tokenizer.vocabulary.suppressed)
        var next = try evaluate(tokens, &sampler)
        let promptEnd = clock.now
        var writer = TextStream(tokenizer)
        var (text, written): (String, [Int32]) = ("", [])
        var stop = Generation.Stop.limit
        while written.count < limit {
            guard !tokenizer.endsGeneration.contains(next) else {
                stop = .endToken
                break
            }
            written.append(next)
            let piece = writer.append(next)
            text += piece
            if !piece.isEmpty, !onText(piece) {
                stop = .caller
                break
            }
            guard written.count < limit else { break }
            guard session.position < session.options.context else {
                stop = .contextFull
                break
            }
            next = try evaluate([next], &sampler)
        }
        let rest = writer.finish()
        if !rest.isEmpty { _ = onText(rest) }
        return Generation(
            text: text + rest,
            promptTokens: tokens.count,
            tokens: written,
            stop: stop,
            promptDuration: promptEnd - start,
            writingDuration: clock.now - promptEnd
        )
    }

    private func evaluate(_ tokens: [Int32], _ sampler: inout Sampler) throws -> Int32 {
        var chosen: Int32 = 0
        try session.evaluate(tokens, logitsFor: (tokens.count - 1)..<tokens.count) { rows in
            guard rows[0].allSatisfy(\.isFinite) else {
                let problem = InferenceProblem.notANumber(position: session.position - 1)
                throw InferenceError(path: session.model.path, problem: problem)
            }
            chosen = sampler.choose(rows[0])
        }
        return chosen
    }
}
