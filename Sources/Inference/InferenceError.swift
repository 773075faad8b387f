import Architectures
import SystemPackage

/// The reason why a model cannot be run.
public struct InferenceError: Error, CustomStringConvertible, Sendable {
    /// The model's file.
    public let path: FilePath
    /// The problem.
    public let problem: InferenceProblem

    /// Creates an error about a model's file.
    public init(path: FilePath, problem: InferenceProblem) {
        self.path = path
        self.problem = problem
    }

    /// The file, the cause, and what to do.
    public var description: String { "\(path): \(problem.explanation)" }
}

/// A problem that prevents running a model.
public enum InferenceProblem: Error, Equatable, Sendable {
    case shape(ShapeProblem)
    case cannotLoad(String)
    case badValue(key: String, value: String, expected: String)
    case missingTensor(String)
    case unexpectedTensor(String)
    case wrongShape(tensor: String, expected: [Int], found: [Int])
    case unsupportedType(tensor: String, type: String)
    case unsupportedTokenizer(String)
    case vocabulary(String)
    case tokenOutOfRange(id: Int32, count: Int)
    case contextFull(needed: Int, capacity: Int)
    case positionsUsedUp(needed: Int, count: Int)
    case notANumber(position: Int)
    case emptyPrompt
    /// Logits were requested from a model whose tokens attend to later ones.
    case embedsAlone
    /// A continuation was requested from a model that declares its vectors as pooled.
    case embeds(pooling: String)
    /// Scores were requested from a model without a classifier.
    case noClassifier
    /// Gradients were requested from a model with a part that has no backward pass.
    case noGradients(layer: Int, part: String)
    case outOfMemory(byteCount: Int, purpose: String)

    /// The problem and what to do about it.
    public var explanation: String {
        switch self {
        case .shape(let problem):
            problem.explanation
        case .cannotLoad(let reason):
            "no engine can load this model: \(reason)"
        case .badValue(let key, let value, let expected):
            "the metadata key '\(key)' is \(value); \(expected) expected. The file is damaged; convert the model again."
        case .missingTensor(let name):
            "tensor '\(name)' is missing. Convert the model again."
        case .unexpectedTensor(let name):
            "tensor '\(name)' has no place in this architecture, so the result would be wrong. Use another model."
        case .wrongShape(let tensor, let expected, let found):
            "tensor '\(tensor)' has the shape \(found); the metadata asks for \(expected). Convert the model again."
        case .unsupportedType(let tensor, let type):
            "tensor '\(tensor)' is stored as \(type), which cannot be decoded. Quantize the model to another type."
        case .unsupportedTokenizer(let name):
            "the tokenizer '\(name)' is not supported; known are 'llama' and 'gpt2'. Use another model."
        case .vocabulary(let reason):
            reason
        case .tokenOutOfRange(let id, let count):
            "token \(id) is not in the vocabulary of \(count). Encode the text with this model's own tokenizer."
        case .contextFull(let needed, let capacity):
            "the context holds \(capacity) tokens but \(needed) are needed. Ask for a larger context or a shorter text."
        case .positionsUsedUp(let needed, let count):
            "the model learned \(count) positions but \(needed) are needed. Ask for a context of at most \(count)."
        case .notANumber(let position):
            "the model's output at position \(position) is not a number. The weights are damaged; convert the model again."
        case .emptyPrompt:
            "the text has no tokens. Give a text of at least one character."
        case .embedsAlone:
            "this is an embedding model, whose tokens see those behind them; it predicts none. Use `edgepipe embed`."
        case .embeds(let pooling):
            "this is an embedding model (pooling \(pooling)), which writes no text. Use `edgepipe embed`."
        case .noClassifier:
            "the model has no classifier, which gives the scores of a reranker. Choose another pooling, or convert a reranker."
        case .noGradients(let layer, let part):
            "gradients cannot be computed: layer \(layer) has a part without a backward pass (\(part)). Measure what quantizing "
                + "each tensor costs instead."
        case .outOfMemory(let byteCount, let purpose):
            "there is no memory for the \(purpose) of \(byteCount) bytes. Ask for a smaller context."
        }
    }
}
