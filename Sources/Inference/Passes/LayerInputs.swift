import Architectures

/// The input of each layer of a model for each token of a sequence, and the last layer's output, from which a later
/// pass may begin.
///
/// (L, T, S E) and (T, E): layers, tokens, streams of hidden states, embedding length.
public final class LayerInputs {
    /// The largest number of tokens in a sequence, T.
    public let tokenCount: Int
    /// The numbers per token, for each layer and for the last norm.
    private let widths: [Int]
    private let buffers: [FloatBuffer]

    /// - Throws: `InferenceError` if there is not enough memory.
    public init(of model: LanguageModel, tokenCount: Int) throws {
        self.tokenCount = tokenCount
        let widths = model.shape.layers.map { _ in model.shape.stateWidth } + [model.shape.embeddingLength]
        self.widths = widths
        do {
            buffers = try widths.map { try FloatBuffer(count: tokenCount * $0, purpose: "inputs of layers") }
        } catch let problem as InferenceProblem {
            throw InferenceError(path: model.path, problem: problem)
        }
    }

    /// Stores a batch's rows.
    func keep(_ rows: UnsafePointer<Float>, layer: Int, tokens: Range<Int>) {
        precondition(tokens.upperBound <= tokenCount)
        let width = widths[layer]
        (buffers[layer].start + tokens.lowerBound * width).update(from: rows, count: tokens.count * width)
    }

    /// Returns the stored rows of the first tokens.
    func rows(layer: Int, count: Int) -> TokenRows {
        precondition(count <= tokenCount)
        let width = widths[layer]
        return TokenRows(start: buffers[layer].start, stride: width, count: count, width: width)
    }

    func restore(_ rows: UnsafeMutablePointer<Float>, layer: Int, tokens: Range<Int>) {
        precondition(tokens.upperBound <= tokenCount)
        let width = widths[layer]
        rows.update(from: buffers[layer].start + tokens.lowerBound * width, count: tokens.count * width)
    }
}

/// The start of a pass, and the inputs that it keeps for later ones.
enum PassInputs {
    /// Starts with the embeddings of the tokens.
    case tokens
    /// Starts with the embeddings of the tokens, and keeps every layer's input.
    case keeping(LayerInputs)
    /// Starts with kept inputs at a layer: 0 is the first, and the number of layers is the output norm.
    case kept(LayerInputs, from: Int)
}
