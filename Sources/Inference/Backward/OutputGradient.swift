import Architectures
import BlockFormats
import Work

/// The gradient of -log p(label) from the logits back to the last layer's states.
///
/// With probabilities p, the gradient of the logits is p - 1 at the label and p elsewhere. If a model scales and caps
/// them, z = cap tanh(scale y / cap), the gradient of the matrix's output y is dz scale (1 - (z / cap)^2).
struct OutputGradient {
    private let model: LanguageModel
    private let tools: GradientTools

    init(_ model: LanguageModel, _ tools: GradientTools) { (self.model, self.tools) = (model, tools) }

    /// Passes the output matrix's gradients for some positions to the observer, and adds the gradient of its input to
    /// `change`.
    /// - Parameters:
    ///   - states: the last layer's output for all tokens: (T, E).
    ///   - change: receives the gradient of the states.
    /// - Throws: `InferenceProblem.notANumber` with the first position whose logits are not numbers.
    func flowBack(
        _ logits: LogitRows,
        _ states: TokenRows,
        _ label: @Sendable (Int, UnsafeBufferPointer<Float>) -> Int,
        to change: TokenRows
    ) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let positions = logits.first..<(logits.first + logits.count)
        let gradient = try tools.memory.rows(logits.count, logits.vocabularySize)
        let sums = try tools.memory.rows(logits.count, 1)
        let rows = SharedLogits(logits)
        tools.workers.forEach(logits.count) { [self] row, _ in
            sums[row][0] = Float(flowBack(rows.logits[row], positions.lowerBound + row, label, into: gradient[row]))
        }
        if let bad = (0..<logits.count).first(where: { !sums[$0][0].isFinite }) {
            throw InferenceProblem.notANumber(position: positions.lowerBound + bad)
        }
        let own = states.tokens(positions)
        let x = try tools.normalized(own, model.outputNorm)
        let back = try tools.memory.zeros(logits.count, own.width)
        tools.flowBack(gradient, through: model.output, input: x, to: back)
        tools.flowBack(back, through: model.outputNorm, at: own, to: change.tokens(positions))
    }

    /// - Returns: the sum of exponentials, which is NaN if a logit is.
    private func flowBack(
        _ logits: UnsafeBufferPointer<Float>,
        _ position: Int,
        _ label: (Int, UnsafeBufferPointer<Float>) -> Int,
        into out: UnsafeMutablePointer<Float>
    ) -> Double {
        let row = UnsafeMutableBufferPointer(start: out, count: logits.count)
        _ = row.update(fromContentsOf: logits)
        let sum = tools.kernels.exponentiate(row, shift: tools.kernels.max(logits), scale: 1)
        guard sum.isFinite else { return sum }
        let factor = Float(1 / sum)
        for index in row.indices { row[index] *= factor }
        row[label(position, UnsafeBufferPointer(row))] -= 1
        let (scale, cap) = (model.arithmetic.logitScale, model.arithmetic.finalCap)
        if scale != 1 { for index in row.indices { row[index] *= scale } }
        guard cap != 0 else { return sum }
        for index in row.indices {
            let share = logits[index] / cap
            row[index] *= 1 - share * share
        }
        return sum
    }
}

/// Unchecked: logits are only read.
private struct SharedLogits: @unchecked Sendable {
    let logits: LogitRows

    init(_ logits: LogitRows) { self.logits = logits }
}
