import Architectures
import BlockFormats

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// One head of attention over keys and values in memory: scores, weights and outputs.
struct HeadAttention: Sendable {
    let scale: Float
    /// The cap of the scores; 0 for none.
    let cap: Float
    let kernels: Kernels

    init(_ model: LanguageModel, kernels: Kernels) {
        scale = model.arithmetic.attentionScale
        cap = model.arithmetic.attentionCap
        self.kernels = kernels
    }

    /// score[row][position] = query[row] . key[position]
    func ask(
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

    /// Converts scores to weights that sum to one, with zero for positions that are not allowed.
    func normalize(_ scores: UnsafeMutableBufferPointer<Float>, _ range: Range<Int>, sink: Float?) {
        bound(scores, range)
        distribute(scores, range, sink: sink)
    }

    /// Caps the scores of allowed positions, if the model does so.
    func bound(_ scores: UnsafeMutableBufferPointer<Float>, _ range: Range<Int>) {
        guard cap != 0 else { return }
        kernels.softCap(UnsafeMutableBufferPointer(rebasing: scores[range]), scale: scale, cap: cap)
    }

    /// Converts capped scores to weights.
    func distribute(_ scores: UnsafeMutableBufferPointer<Float>, _ range: Range<Int>, sink: Float?) {
        let allowed = UnsafeMutableBufferPointer(rebasing: scores[range])
        // A sink is compared with scaled scores.
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
    func answer(
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
