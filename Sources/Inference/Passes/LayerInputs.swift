import Architectures

/// What each layer of a model was given for each token of a sequence, and what the last one gave: where a later pass may begin.
///
/// (L + 1, T, E): layers and one, tokens, embedding length.
public final class LayerInputs {
    /// T, the most tokens of a sequence.
    public let tokenCount: Int
    private let width: Int
    private let buffers: [FloatBuffer]

    /// - Throws: `InferenceError` where there is no memory for it.
    public init(of model: LanguageModel, tokenCount: Int) throws {
        self.tokenCount = tokenCount
        width = model.shape.embeddingLength
        do {
            buffers = try (0...model.shape.layers.count).map { _ in
                try FloatBuffer(count: tokenCount * model.shape.embeddingLength, purpose: "inputs of layers")
            }
        } catch let problem as InferenceProblem {
            throw InferenceError(path: model.path, problem: problem)
        }
    }

    /// Keeps a batch's rows.
    func keep(_ rows: UnsafePointer<Float>, layer: Int, tokens: Range<Int>) {
        precondition(tokens.upperBound <= tokenCount)
        (buffers[layer].start + tokens.lowerBound * width).update(from: rows, count: tokens.count * width)
    }

    func restore(_ rows: UnsafeMutablePointer<Float>, layer: Int, tokens: Range<Int>) {
        precondition(tokens.upperBound <= tokenCount)
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
