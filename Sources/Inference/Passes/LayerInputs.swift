import Architectures

/// What each layer of a model was given for each token of a sequence, and what the last one gave: where a later pass may begin.
///
/// (L, T, S E) and (T, E): layers, tokens, streams of hidden states, embedding length.
public final class LayerInputs {
    /// T, the most tokens of a sequence.
    public let tokenCount: Int
    /// Numbers of a token, for each layer and for the last norm.
    private let widths: [Int]
    private let buffers: [FloatBuffer]

    /// - Throws: `InferenceError` where there is no memory for it.
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

    /// Keeps a batch's rows.
    func keep(_ rows: UnsafePointer<Float>, layer: Int, tokens: Range<Int>) {
        precondition(tokens.upperBound <= tokenCount)
        let width = widths[layer]
        (buffers[layer].start + tokens.lowerBound * width).update(from: rows, count: tokens.count * width)
    }

    /// What was kept of the first tokens.
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

/// Where a pass begins, and what it leaves for later ones.
enum PassInputs {
    /// With the embeddings of the tokens.
    case tokens
    /// The same; every layer's input is kept.
    case keeping(LayerInputs)
    /// With what was kept, at a layer: 0 is the first, and the count of layers is the output norm.
    case kept(LayerInputs, from: Int)
}
