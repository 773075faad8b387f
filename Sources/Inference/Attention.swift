import BlockFormats

/// Causal attention over the cache: each row asks with its queries, all positions up to its own answer.
///
/// Source: Vaswani et al., "Attention Is All You Need", 2017; shared keys and values as in Ainslie et al., "GQA", 2023.
struct Attention {
    private let cache: KeyValueCache
    private let headLength: Int
    private let scale: Float
    private let kernels: Kernels
    private let workers: Workers
    /// Per worker: scores (rows of a block, positions), and one head's decoded keys and values (positions, D).
    private let scores: [FloatBuffer]
    private let keys: [FloatBuffer]
    private let values: [FloatBuffer]
    /// Rows that a worker takes at a time.
    private static let blockRows = 64

    init(cache: KeyValueCache, traits: ModelTraits, kernels: Kernels, workers: Workers) throws(InferenceProblem) {
        self.cache = cache
        self.kernels = kernels
        self.workers = workers
        headLength = traits.headLength
        scale = 1 / Float(traits.headLength).squareRoot()
        let padded = (cache.capacity + panelWidth - 1) / panelWidth * panelWidth
        var (scores, keys, values): ([FloatBuffer], [FloatBuffer], [FloatBuffer]) = ([], [], [])
        for _ in 0..<workers.count {
            scores.append(try FloatBuffer(count: Self.blockRows * padded, purpose: "attention scores"))
            keys.append(try FloatBuffer(count: cache.capacity * headLength, purpose: "attention scratch"))
            values.append(try FloatBuffer(count: cache.capacity * headLength, purpose: "attention scratch"))
        }
        (self.scores, self.keys, self.values) = (scores, keys, values)
    }

    /// - Parameters:
    ///   - rows: which tokens of the batch ask; token `r` stands at position `firstPosition + r`.
    ///   - queries: (T, stride) with the H heads of queries first; `out`: (T, stride) with H heads.
    func run(
        layer: Int,
        weights: LayerWeights,
        firstPosition: Int,
        rows: Range<Int>,
        queries: (buffer: FloatBuffer, stride: Int),
        into out: (buffer: FloatBuffer, stride: Int)
    ) {
        let blocks = (rows.count + Self.blockRows - 1) / Self.blockRows
        let group = weights.headCount / weights.keyValueHeadCount
        // Heads vary slowest, so that a worker's neighbouring tasks share keys and values.
        workers.forEach(blocks * weights.headCount) { [self] task, worker in
            let head = task / blocks
            let start = rows.lowerBound + task % blocks * Self.blockRows
            let block = start..<min(start + Self.blockRows, rows.upperBound)
            let limit = firstPosition + block.upperBound
            let key = cache.keys(
                layer: layer,
                head: head / group,
                length: headLength,
                count: limit,
                scratch: keys[worker].start
            )
            let value = cache.values(
                layer: layer,
                head: head / group,
                length: headLength,
                count: limit,
                scratch: values[worker].start
            )
            let query = queries.buffer.start + block.lowerBound * queries.stride + head * headLength
            let target = out.buffer.start + block.lowerBound * out.stride + head * headLength
            let score = Rows(start: scores[worker].start, stride: limit)
            ask(Rows(start: UnsafePointer(query), stride: queries.stride), key, block.count, limit, score)
            normalize(score, block.count, firstAllowed: firstPosition + block.lowerBound + 1, limit)
            answer(score, value, block.count, limit, Rows(start: target, stride: out.stride))
        }
    }

    /// score[row][position] = query[row] . key[position]
    private func ask(
        _ queries: Rows<UnsafePointer<Float>>,
        _ keys: Rows<UnsafePointer<Float>>,
        _ rows: Int,
        _ limit: Int,
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

    /// Turns scores into weights that sum to one, with none for positions after a row's own.
    private func normalize(
        _ score: Rows<UnsafeMutablePointer<Float>>,
        _ rows: Int,
        firstAllowed: Int,
        _ limit: Int
    ) {
        for row in 0..<rows {
            let start = score.start + row * score.stride
            let allowed = UnsafeMutableBufferPointer(start: start, count: firstAllowed + row)
            let largest = kernels.max(UnsafeBufferPointer(allowed))
            let sum = kernels.exponentiate(allowed, shift: largest, scale: scale)
            let factor = Float(1 / sum)
            for index in allowed.indices { allowed[index] *= factor }
            (start + allowed.count).update(repeating: 0, count: limit - allowed.count)
        }
    }

    /// out[row] = sum over positions of weight[row][position] * value[position]
    private func answer(
        _ weights: Rows<UnsafeMutablePointer<Float>>,
        _ values: Rows<UnsafePointer<Float>>,
        _ rows: Int,
        _ limit: Int,
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
