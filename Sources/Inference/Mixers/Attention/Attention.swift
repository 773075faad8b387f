import Architectures
import BlockFormats
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Attention over the cache: each row asks with its queries; all positions up to its own answer, or those within its window,
/// or those behind it, too.
///
/// Source: Vaswani et al., "Attention Is All You Need", 2017; shared keys and values as in Ainslie et al., "GQA", 2023.
struct Attention {
    private let cache: KeyValueCache
    private let scale: Float
    private let cap: Float
    private let kernels: Kernels
    private let workers: Workers
    /// Per worker: scores (rows of a block, positions), and one head's decoded keys and values (positions, D).
    private let scores: [FloatBuffer]
    private let keys: [FloatBuffer]
    private let values: [FloatBuffer]
    /// Rows that a worker takes at a time.
    private static let blockRows = 64

    init(_ model: LanguageModel, cache: KeyValueCache, kernels: Kernels, workers: Workers) throws(InferenceProblem) {
        self.cache = cache
        self.kernels = kernels
        self.workers = workers
        let longest = model.shape.attentions.map(\.keyLength).max() ?? 0
        scale = model.arithmetic.attentionScale
        cap = model.arithmetic.attentionCap
        let padded = (cache.capacity + panelWidth - 1) / panelWidth * panelWidth
        var (scores, keys, values): ([FloatBuffer], [FloatBuffer], [FloatBuffer]) = ([], [], [])
        for _ in 0..<workers.count {
            scores.append(try FloatBuffer(count: Self.blockRows * padded, purpose: "attention scores"))
            keys.append(try FloatBuffer(count: cache.capacity * longest, purpose: "attention scratch"))
            values.append(try FloatBuffer(count: cache.capacity * longest, purpose: "attention scratch"))
        }
        (self.scores, self.keys, self.values) = (scores, keys, values)
    }

    /// - Parameters:
    ///   - rows: which tokens of the batch ask; token `r` stands at position `firstPosition + r`.
    ///   - count: positions that are there.
    ///   - queries: (T, stride) with the H heads of queries first; `out`: (T, stride) with H heads.
    ///   - sinks: for each head a score beside those of its positions, whose weight goes nowhere; empty for none.
    func run(
        layer: Int,
        shape: AttentionShape,
        firstPosition: Int,
        rows: Range<Int>,
        of count: Int,
        queries: (buffer: FloatBuffer, stride: Int),
        sinks: [Float],
        into out: (buffer: FloatBuffer, stride: Int)
    ) {
        let blocks = (rows.count + Self.blockRows - 1) / Self.blockRows
        let (group, headLength) = (shape.headCount / shape.keyValueHeadCount, shape.keyLength)
        // Heads vary slowest, so that a worker's neighbouring tasks share keys and values.
        workers.forEach(blocks * shape.headCount) { [self] task, worker in
            let head = task / blocks
            let start = rows.lowerBound + task % blocks * Self.blockRows
            let block = start..<min(start + Self.blockRows, rows.upperBound)
            let firstAsking = firstPosition + block.lowerBound
            let lastSees = shape.seen(from: firstPosition + block.upperBound - 1, of: count)
            let seen = shape.seen(from: firstAsking, of: count).lowerBound..<lastSees.upperBound
            let key = cache.keys(
                layer: layer,
                head: head / group,
                length: headLength,
                positions: seen,
                scratch: keys[worker].start
            )
            let value = cache.values(
                layer: layer,
                head: head / group,
                length: headLength,
                positions: seen,
                scratch: values[worker].start
            )
            let query = queries.buffer.start + block.lowerBound * queries.stride + head * headLength
            let target = out.buffer.start + block.lowerBound * out.stride + head * headLength
            let score = Rows(start: scores[worker].start, stride: seen.count)
            let asking = Rows(start: UnsafePointer(query), stride: queries.stride)
            ask(asking, key, block.count, seen.count, headLength, score)
            for row in 0..<block.count {
                let own = shape.seen(from: firstAsking + row, of: count)
                let allowed = (own.lowerBound - seen.lowerBound)..<(own.upperBound - seen.lowerBound)
                let start = score.start + row * score.stride
                let sink = sinks.isEmpty ? nil : sinks[head]
                normalize(UnsafeMutableBufferPointer(start: start, count: seen.count), allowed, sink: sink)
            }
            answer(score, value, block.count, seen.count, headLength, Rows(start: target, stride: out.stride))
        }
    }

    /// score[row][position] = query[row] . key[position]
    private func ask(
        _ queries: Rows<UnsafePointer<Float>>,
        _ keys: Rows<UnsafePointer<Float>>,
        _ rows: Int,
        _ limit: Int,
        _ headLength: Int,
        _ score: Rows<UnsafeMutablePointer<Float>>
    ) {
        if rows == 1 {
            for position in 0..<limit {
                score.start[position] = kernels.dot(
                    queries.start,
                    keys.start + position * keys.stride,
                    count: headLength
                )
            }
            return
        }
        for position in stride(from: 0, to: limit, by: panelWidth) {
            kernels.multiply(
                tokens: rows,
                depth: headLength,
                queries,
                weights: Rows(start: keys.start + position * keys.stride, stride: keys.stride),
                count: min(panelWidth, limit - position),
                into: Rows(start: score.start + position, stride: score.stride)
            )
        }
    }

    /// Turns scores into weights that sum to one, with none for positions that are not allowed.
    private func normalize(_ scores: UnsafeMutableBufferPointer<Float>, _ range: Range<Int>, sink: Float?) {
        let allowed = UnsafeMutableBufferPointer(rebasing: scores[range])
        if cap != 0 { kernels.softCap(allowed, scale: scale, cap: cap) }
        // A sink is compared with scores as they are once scaled.
        if sink != nil, cap == 0 { for index in allowed.indices { allowed[index] *= scale } }
        let largest = max(kernels.max(UnsafeBufferPointer(allowed)), sink ?? -.infinity)
        var sum = kernels.exponentiate(allowed, shift: largest, scale: cap == 0 && sink == nil ? scale : 1)
        if let sink { sum += Double(expf(sink - largest)) }
        let factor = Float(1 / sum)
        for index in allowed.indices { allowed[index] *= factor }
        scores[..<range.lowerBound].update(repeating: 0)
        scores[range.upperBound...].update(repeating: 0)
    }

    /// out[row] = sum over positions of weight[row][position] * value[position]
    private func answer(
        _ weights: Rows<UnsafeMutablePointer<Float>>,
        _ values: Rows<UnsafePointer<Float>>,
        _ rows: Int,
        _ limit: Int,
        _ headLength: Int,
        _ out: Rows<UnsafeMutablePointer<Float>>
    ) {
        for column in stride(from: 0, to: headLength, by: panelWidth) {
            kernels.multiply(
                tokens: rows,
                depth: limit,
                Rows(start: UnsafePointer(weights.start), stride: weights.stride),
                panel: Rows(start: values.start + column, stride: values.stride),
                columns: min(panelWidth, headLength - column),
                into: Rows(start: out.start + column, stride: out.stride)
            )
        }
    }
}
