import Architectures
import BlockFormats
import Work

/// Attention of a whole window over its own keys and values, and its gradients. For one head, with queries q, keys k,
/// values v, scores s = scale q k^T, capped to b = cap tanh(s / cap) if the model does so, weights p = softmax(b) and
/// outputs o = p v,
///
///     dv = p^T do,   dp = do v^T,   db = p (dp - sum of p dp over positions),   ds = db (1 - (b / cap)^2),
///     dq = scale ds k,   dk = scale ds^T q.
///
/// A sink has a weight that is not in p, and adds nothing to the sum.
///
/// Letters: T tokens of the window, H heads, G key and value heads, D head length.
struct AttentionGradient: Sendable {
    /// The queries, keys and values of a window, after norms and rotary embedding: (T, H D), (T, G D), (T, G D).
    struct Parts {
        let queries: TokenRows
        let keys: TokenRows
        let values: TokenRows
    }

    private let head: HeadAttention
    private let kernels: Kernels
    private let workers: Workers
    private let tokens: Int
    /// The scratch memory of each worker.
    private let scratch: [Scratch]
    /// The number of rows in a block.
    private static let blockRows = 64

    private struct Scratch: Sendable {
        let weights: FloatBuffer  // (rows of a block, T)
        let bounded: FloatBuffer  // (rows of a block, T), capped scores; empty without a cap
        let changes: FloatBuffer  // (rows of a block, T), gradients
        let turned: FloatBuffer  // (T, rows of a block)
        let sums: FloatBuffer  // (T, panel's width)
    }

    init(_ model: LanguageModel, kernels: Kernels, workers: Workers, tokens: Int) throws(InferenceProblem) {
        (self.kernels, self.workers, self.tokens) = (kernels, workers, tokens)
        head = HeadAttention(model, kernels: kernels)
        let block = model.shape.attentions.isEmpty ? 0 : Self.blockRows * tokens
        var scratch: [Scratch] = []
        for _ in 0..<workers.count {
            scratch.append(
                Scratch(
                    weights: try FloatBuffer(count: block, purpose: "attention scores"),
                    bounded: try FloatBuffer(count: head.cap == 0 ? 0 : block, purpose: "attention scores"),
                    changes: try FloatBuffer(count: block, purpose: "attention scores"),
                    turned: try FloatBuffer(count: block, purpose: "attention scores"),
                    sums: try FloatBuffer(count: tokens * panelWidth, purpose: "attention scores")
                )
            )
        }
        self.scratch = scratch
    }

    /// Computes the outputs of all queries.
    /// - Parameter out: (T, H D).
    func answer(_ parts: Parts, _ shape: AttentionShape, sinks: [Float], into out: TokenRows) {
        let blocks = self.blocks(out.count)
        let (length, group) = (shape.keyLength, shape.headCount / shape.keyValueHeadCount)
        workers.forEach(blocks.count * shape.headCount) { [self] task, worker in
            let (index, block) = (task / blocks.count, blocks[task % blocks.count])
            let own = Head(parts, index, index / group, length)
            let seen = weigh(own, block, shape, sinks.isEmpty ? nil : sinks[index], scratch[worker])
            head.answer(
                Rows(start: scratch[worker].weights.start, stride: seen.count),
                own.values.tokens(seen).source,
                block.count,
                seen.count,
                length,
                out.columns((index * length)..<((index + 1) * length)).tokens(block).target
            )
        }
    }

    /// Computes the gradients of queries, keys and values; overwrites `changes`.
    /// - Parameters:
    ///   - gradient: with respect to the outputs, (T, H D).
    ///   - shares: scratch memory for each head's own gradients of keys and values, (T, 2 H D).
    ///   - changes: in the layout of `parts`.
    func flowBack(
        _ gradient: TokenRows,
        _ parts: Parts,
        _ shape: AttentionShape,
        sinks: [Float],
        shares: TokenRows,
        into changes: Parts
    ) {
        let (length, group) = (shape.keyLength, shape.headCount / shape.keyValueHeadCount)
        let all = shape.headCount * length
        workers.forEach(shape.headCount) { [self] index, worker in
            let place = (index * length)..<((index + 1) * length)
            flowBack(
                gradient.columns(place),
                Head(parts, index, index / group, length),
                shape,
                sinks.isEmpty ? nil : sinks[index],
                scratch[worker],
                queries: changes.queries.columns(place),
                keys: shares.columns(place),
                values: shares.columns((all + place.lowerBound)..<(all + place.upperBound))
            )
        }
        // The gradients of heads that share a key and a value are added in head order.
        workers.forEach(gradient.count) { token, _ in
            for (target, first) in [(changes.keys, 0), (changes.values, all)] {
                for index in 0..<shape.keyValueHeadCount {
                    let out = target[token] + index * length
                    let own = shares[token] + first + index * group * length
                    out.update(from: own, count: length)
                    for other in 1..<max(1, group) {
                        for element in 0..<length { out[element] += own[other * length + element] }
                    }
                }
            }
        }
    }

    /// The columns of one head.
    private struct Head: Sendable {
        let queries: TokenRows
        let keys: TokenRows
        let values: TokenRows

        init(_ parts: Parts, _ index: Int, _ shared: Int, _ length: Int) {
            queries = parts.queries.columns((index * length)..<((index + 1) * length))
            keys = parts.keys.columns((shared * length)..<((shared + 1) * length))
            values = parts.values.columns((shared * length)..<((shared + 1) * length))
        }
    }

    private func blocks(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: Self.blockRows).map { $0..<min($0 + Self.blockRows, count) }
    }

    /// Computes the weights of a block's tokens, and the capped scores before them.
    /// - Returns: the positions that they are for.
    private func weigh(
        _ own: Head,
        _ block: Range<Int>,
        _ shape: AttentionShape,
        _ sink: Float?,
        _ scratch: Scratch
    ) -> Range<Int> {
        let count = own.queries.count
        let last = shape.seen(from: block.upperBound - 1, of: count)
        let seen = shape.seen(from: block.lowerBound, of: count).lowerBound..<last.upperBound
        let score = Rows(start: scratch.weights.start, stride: seen.count)
        head.ask(
            own.queries.tokens(block).source,
            own.keys.tokens(seen).source,
            block.count,
            seen.count,
            own.queries.width,
            score
        )
        for (row, token) in block.enumerated() {
            let allowed = allowed(token, seen, shape, count)
            let place = row * seen.count
            let scores = UnsafeMutableBufferPointer(start: score.start + place, count: seen.count)
            head.bound(scores, allowed)
            if head.cap != 0 { (scratch.bounded.start + place).update(from: score.start + place, count: seen.count) }
            head.distribute(scores, allowed, sink: sink)
        }
        return seen
    }

    /// Returns which of the visible positions a token sees, counted from the first of them.
    private func allowed(_ token: Int, _ seen: Range<Int>, _ shape: AttentionShape, _ count: Int) -> Range<Int> {
        let own = shape.seen(from: token, of: count)
        return (own.lowerBound - seen.lowerBound)..<(own.upperBound - seen.lowerBound)
    }

    private func flowBack(
        _ gradient: TokenRows,
        _ own: Head,
        _ shape: AttentionShape,
        _ sink: Float?,
        _ scratch: Scratch,
        queries: TokenRows,
        keys: TokenRows,
        values: TokenRows
    ) {
        keys.clear()
        values.clear()
        for block in blocks(gradient.count) {
            let seen = weigh(own, block, shape, sink, scratch)
            let (rows, limit) = (block.count, seen.count)
            let asked = gradient.tokens(block)
            addTurned(scratch.weights, rows, limit, asked, scratch, to: values.tokens(seen))
            let change = Rows(start: scratch.changes.start, stride: limit)
            head.ask(asked.source, own.values.tokens(seen).source, rows, limit, gradient.width, change)
            for (row, token) in block.enumerated() {
                settle(row * limit, allowed(token, seen, shape, gradient.count), limit, scratch)
            }
            let found = queries.tokens(block).target
            head.answer(change, own.keys.tokens(seen).source, rows, limit, gradient.width, found)
            addTurned(scratch.changes, rows, limit, own.queries.tokens(block), scratch, to: keys.tokens(seen))
        }
    }

    /// Converts the gradients of one row's weights to those of its query-key products.
    private func settle(_ place: Int, _ allowed: Range<Int>, _ limit: Int, _ scratch: Scratch) {
        let (weights, changes) = (scratch.weights.start + place, scratch.changes.start + place)
        let first = allowed.lowerBound
        let mean = kernels.dot(UnsafePointer(weights + first), UnsafePointer(changes + first), count: allowed.count)
        for index in allowed { changes[index] = weights[index] * (changes[index] - mean) * head.scale }
        if head.cap != 0 {
            let bounded = scratch.bounded.start + place
            for index in allowed {
                let share = bounded[index] / head.cap
                changes[index] *= 1 - share * share
            }
        }
        for index in 0..<first { changes[index] = 0 }
        for index in allowed.upperBound..<limit { changes[index] = 0 }
    }

    /// target += matrix^T rows, with a matrix of (rows of a block, positions).
    private func addTurned(
        _ matrix: FloatBuffer,
        _ rows: Int,
        _ limit: Int,
        _ other: TokenRows,
        _ scratch: Scratch,
        to target: TokenRows
    ) {
        let turned = scratch.turned.start
        for first in stride(from: 0, to: limit, by: 16) {
            for row in 0..<rows {
                let source = matrix.start + row * limit
                for index in first..<min(first + 16, limit) { turned[index * rows + row] = source[index] }
            }
        }
        for first in stride(from: 0, to: target.width, by: panelWidth) {
            let width = min(panelWidth, target.width - first)
            kernels.multiply(
                tokens: limit,
                depth: rows,
                Rows(start: UnsafePointer(turned), stride: rows),
                panel: Rows(start: UnsafePointer(other.start + first), stride: other.stride),
                columns: width,
                into: Rows(start: scratch.sums.start, stride: panelWidth)
            )
            for index in 0..<limit {
                let (cells, values) = (target[index] + first, scratch.sums.start + index * panelWidth)
                for column in 0..<width { cells[column] += values[column] }
            }
        }
    }
}
