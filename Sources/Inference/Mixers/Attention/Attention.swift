import Architectures
import BlockFormats
import Work

/// Attention over the cache: each row has its queries; they attend to all positions up to their own, or to those within
/// its window, or also to later ones.
///
/// Source: Vaswani et al., "Attention Is All You Need", 2017; shared keys and values as in Ainslie et al., "GQA", 2023.
struct Attention {
    private let cache: KeyValueCache
    private let head: HeadAttention
    private let workers: Workers
    /// For each worker, scores (rows of a block, positions), and one head's decoded keys and values (positions, D).
    private let scores: [FloatBuffer]
    private let keys: [FloatBuffer]
    private let values: [FloatBuffer]
    /// The number of rows that a worker processes at a time.
    static let blockRows = 64

    init(_ model: LanguageModel, cache: KeyValueCache, kernels: Kernels, workers: Workers) throws(InferenceProblem) {
        self.cache = cache
        self.workers = workers
        head = HeadAttention(model, kernels: kernels)
        let longest = model.shape.attentions.map(\.keyLength).max() ?? 0
        let padded = (cache.capacity + panelWidth - 1) / panelWidth * panelWidth
        let decoded = cache.isDecoded ? cache.capacity * longest : 0
        var (scores, keys, values): ([FloatBuffer], [FloatBuffer], [FloatBuffer]) = ([], [], [])
        for _ in 0..<workers.count {
            scores.append(try FloatBuffer(count: Self.blockRows * padded, purpose: "attention scores"))
            keys.append(try FloatBuffer(count: decoded, purpose: "attention scratch"))
            values.append(try FloatBuffer(count: decoded, purpose: "attention scratch"))
        }
        (self.scores, self.keys, self.values) = (scores, keys, values)
    }

    /// - Parameters:
    ///   - rows: the tokens of the batch with queries; token `r` has position `firstPosition + r`.
    ///   - count: the number of positions.
    ///   - queries: (T, stride) with the H heads of queries first; `out`: (T, stride) with H heads.
    ///   - sinks: an additional score for each head, whose weight is discarded; empty for none.
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
        // Heads vary slowest, so that a worker's adjacent tasks share keys and values.
        workers.forEach(blocks * shape.headCount) { [self] task, worker in
            let index = task / blocks
            let start = rows.lowerBound + task % blocks * Self.blockRows
            let block = start..<min(start + Self.blockRows, rows.upperBound)
            let firstAsking = firstPosition + block.lowerBound
            let lastSees = shape.seen(from: firstPosition + block.upperBound - 1, of: count)
            let seen = shape.seen(from: firstAsking, of: count).lowerBound..<lastSees.upperBound
            let key = cache.keys(
                layer: layer,
                head: index / group,
                length: headLength,
                positions: seen,
                scratch: keys[worker].start
            )
            let value = cache.values(
                layer: layer,
                head: index / group,
                length: headLength,
                positions: seen,
                scratch: values[worker].start
            )
            let query = queries.buffer.start + block.lowerBound * queries.stride + index * headLength
            let target = out.buffer.start + block.lowerBound * out.stride + index * headLength
            let score = Rows(start: scores[worker].start, stride: seen.count)
            let asking = Rows(start: UnsafePointer(query), stride: queries.stride)
            head.ask(asking, key, block.count, seen.count, headLength, score)
            for row in 0..<block.count {
                let own = shape.seen(from: firstAsking + row, of: count)
                let allowed = (own.lowerBound - seen.lowerBound)..<(own.upperBound - seen.lowerBound)
                let start = score.start + row * score.stride
                let sink = sinks.isEmpty ? nil : sinks[index]
                head.normalize(UnsafeMutableBufferPointer(start: start, count: seen.count), allowed, sink: sink)
            }
            head.answer(score, value, block.count, seen.count, headLength, Rows(start: target, stride: out.stride))
        }
    }
}
