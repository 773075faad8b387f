import Architectures
import BinaryIO
import Inference
import SystemPackage
import Tokenizers
import Work

/// An input to embed: a text, or a question and a text that a reranker scores together.
public enum EmbeddingInput: Sendable, Equatable {
    /// A text in UTF-8; invalid bytes are accepted.
    case text([UInt8])
    /// Two texts, which a model reads as one.
    case pair(query: String, document: String)
}

/// Turns texts into vectors, or pairs of texts into scores, as llama.cpp does for each text alone.
///
/// Source: llama.cpp (`examples/embedding`).
public struct EmbeddingRun {
    /// The model that reads the texts.
    public let model: LanguageModel
    /// How a text's tokens become one vector.
    public let pooling: Pooling
    /// Whether vectors are normalized to length one; scores never are.
    public let isNormalized: Bool
    let threads: Int

    /// - Parameter pooling: nil for the file's; a file without pooling pools nothing, as in llama.cpp.
    public init(_ model: LanguageModel, pooling: Pooling? = nil, isNormalized: Bool = true, threads: Int) {
        self.model = model
        self.pooling = pooling ?? model.shape.text.pooling ?? .none
        self.isNormalized = isNormalized && self.pooling != .rank
        self.threads = threads
    }

    /// Returns the tokens of each text, including the special tokens at its beginning and end.
    /// - Throws: `TokenizerError`; `InferenceError` for a text without tokens.
    public func tokens(of inputs: [EmbeddingInput]) throws -> [[Int32]] {
        try inputs.map { input in
            let tokens = try model.tokenizer.encode(utf8: text(of: input), parseSpecial: true)
            guard !tokens.isEmpty else { throw InferenceError(path: model.path, problem: .emptyPrompt) }
            return tokens
        }
    }

    /// Computes the vectors of each text in turn.
    /// - Parameter body: called with a text's index and its vectors: one, or without pooling as many as it has tokens.
    /// - Throws: `InferenceError`; `Interruption.Stopped`; the errors of `body`.
    public func embed(_ texts: [[Int32]], _ body: (Int, [[Float]]) throws -> Void) throws {
        guard let longest = texts.map(\.count).max() else { return }
        let options = SessionOptions(context: longest, threads: threads, readsWholeTexts: true)
        let session = try InferenceSession(model, options)
        for (index, tokens) in texts.enumerated() {
            try Interruption.check()
            let vectors = try session.embed(tokens, pooling: pooling)
            try body(index, isNormalized ? vectors.map(Self.normalized) : vectors)
        }
    }

    /// Returns a vector divided by its length; a vector of length 0 is unchanged.
    static func normalized(_ vector: [Float]) -> [Float] {
        let length = vector.reduce(0.0) { $0 + Double($1 * $1) }.squareRoot()
        let factor = length > 0 ? Float(1 / length) : 0
        return vector.map { $0 * factor }
    }

    private func text(of input: EmbeddingInput) -> [UInt8] {
        switch input {
        case .text(let text): return text
        case .pair(let query, let document):
            if let template = model.rerankTemplate {
                let asked = template.replacing("{query}", with: query)
                return Array(asked.replacing("{document}", with: document).utf8)
            }
            let vocabulary = model.tokenizer.vocabulary
            func text(_ token: Int32?, _ isUsed: Bool) -> String {
                guard isUsed, let token, vocabulary.tokens.indices.contains(Int(token)) else { return "" }
                return vocabulary.tokens[Int(token)]
            }
            let end = text(vocabulary.special.end, model.addsEnd)
            return Array((query + end + text(vocabulary.special.separator, model.addsSeparator) + document).utf8)
        }
    }
}
