import Architectures
import BlockFormats
import Work

/// The input of per-layer token embeddings to a layer, computed again with the numbers that its gradients need:
/// norm(projection(gelu(gate(x)) * embedding)).
///
/// Letters: T tokens of the window, E embedding length, P elements for a layer.
struct RecordedLayerInput {
    private let tools: GradientTools
    private let weights: LayerInputWeights
    private let x: TokenRows  // (T, E)
    private let embedding: TokenRows  // (T, P)
    private let gated: TokenRows  // (T, P)
    private let activated: TokenRows  // (T, P)
    private let part: TokenRows  // (T, E), before its norm

    init(_ tools: GradientTools, _ weights: LayerInputWeights, _ x: TokenRows, _ embedding: TokenRows) throws {
        (self.tools, self.weights, self.x, self.embedding) = (tools, weights, x, embedding)
        gated = try tools.memory.rows(x.count, embedding.width)
        activated = try tools.memory.rows(x.count, embedding.width)
        part = try tools.memory.rows(x.count, x.width)
        tools.multiply(x, by: weights.gate, into: gated)
        tools.workers.forEach(x.count) { [gated, activated, kernels = tools.kernels] token, _ in
            activated[token].update(from: gated[token], count: embedding.width)
            kernels.gelu(activated[token], times: UnsafePointer(embedding[token]), count: embedding.width)
        }
        tools.multiply(activated, by: weights.projection, into: part)
    }

    func give(into out: TokenRows) { tools.normalize(part, weights.norm, into: out) }

    /// - Parameters:
    ///   - gradient: with respect to the output.
    ///   - embeddingChange: receives the gradient of the embeddings.
    func flowBack(_ gradient: TokenRows, to change: TokenRows, embedding embeddingChange: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let own = try tools.memory.zeros(x.count, x.width)
        tools.flowBack(gradient, through: weights.norm, at: part, to: own)
        let inner = try tools.memory.zeros(x.count, embedding.width)
        tools.flowBack(own, through: weights.projection, input: activated, to: inner)
        tools.workers.forEach(x.count) { [gated, embedding] token, _ in
            let (row, out) = (inner[token], embeddingChange[token])
            for index in 0..<embedding.width {
                let (value, slope) = ActivationGradient.gelu(gated[token][index])
                out[index] += row[index] * value
                row[index] *= slope * embedding[token][index]
            }
        }
        tools.flowBack(inner, through: weights.gate, input: x, to: change)
    }
}

/// The token embeddings for all layers, computed again with the numbers that the gradients of their projection need:
/// (norm(projection(x) / sqrt(E)) + sqrt(P) table[token]) / sqrt(2).
///
/// Letters: as above, and L layers.
struct RecordedLayerEmbedding {
    private let tools: GradientTools
    private let weights: LayerEmbeddingWeights
    private let x: TokenRows  // (T, E), the first hidden states
    private let length: Int
    private let projected: TokenRows  // (T, L P), before the norm
    private let all: TokenRows  // (T, L P)
    private let changes: TokenRows  // (T, L P)

    init(_ tools: GradientTools, _ weights: LayerEmbeddingWeights, _ tokens: [Int32], _ x: TokenRows) throws {
        (self.tools, self.weights, self.x) = (tools, weights, x)
        let (width, length) = (weights.table.columns, weights.norm.weight.count)
        self.length = length
        projected = try tools.memory.rows(x.count, width)
        all = try tools.memory.rows(x.count, width)
        changes = try tools.memory.zeros(x.count, width)
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let rows = try tools.memory.rows(tools.workers.count, width)
        tools.multiply(x, by: weights.projection, into: projected)
        projected.multiply(by: 1 / Float(x.width).squareRoot())
        let (tableScale, sumScale) = (Float(length).squareRoot(), 1 / Float(2).squareRoot())
        tools.workers.forEach(x.count) { [tools, projected, all] token, worker in
            let id = Int(tokens[token])
            let own = weights.table.rows(id..<(id + 1), scratch: rows[worker])
            weights.norm.weight.withUnsafeBufferPointer {
                for place in stride(from: 0, to: width, by: length) {
                    let (read, out) = (UnsafePointer(projected[token] + place), all[token] + place)
                    tools.norm.apply(read, weights: $0, bias: weights.norm.bias, into: out)
                }
            }
            for index in 0..<width { all[token][index] = (all[token][index] + own[index] * tableScale) * sumScale }
        }
    }

    /// Returns one layer's embeddings and their gradients: (T, P).
    func part(_ layer: Int) -> (embedding: TokenRows, change: TokenRows) {
        let range = (layer * length)..<((layer + 1) * length)
        return (all.columns(range), changes.columns(range))
    }

    /// Passes the projection's gradients to the observer, after all layers have added theirs.
    func finish() {
        let scale = 1 / Float(2).squareRoot() / Float(x.width).squareRoot()
        tools.workers.forEach(x.count) { [tools, weights, projected, changes, length] token, _ in
            weights.norm.weight.withUnsafeBufferPointer {
                for place in stride(from: 0, to: changes.width, by: length) {
                    let own = changes[token] + place
                    let read = UnsafePointer(projected[token] + place)
                    tools.norm.flowBack(UnsafePointer(own), at: read, weights: $0, into: own)
                }
            }
            for index in 0..<changes.width { changes[token][index] *= scale }
        }
        tools.show(changes, of: weights.projection, input: x)
    }
}
