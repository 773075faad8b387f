import Architectures

extension InferenceSession {
    /// Computes the vectors of a text, from an empty cache: one for each token without pooling, otherwise a single one;
    /// or a classifier's scores instead.
    /// - Returns: rows of the embedding length, or of as many elements as there are scores.
    /// - Throws: `InferenceError` for a text with no tokens or too many, for scores if the model has no classifier, and
    ///   if a vector contains something other than numbers.
    public func embed(_ tokens: [Int32], pooling: Pooling) throws -> [[Float]] {
        guard !tokens.isEmpty else { throw problem(.emptyPrompt) }
        let sees = model.shape.seesBothWays
        let isMean = pooling == .mean || pooling == .rank && model.shape.text.classifiesMean
        let wanted =
            switch pooling {
            case .none, .mean: 0..<tokens.count
            case .rank where isMean: 0..<tokens.count
            case .cls: 0..<1
            case .rank: sees ? 0..<1 : (tokens.count - 1)..<tokens.count
            case .last: (tokens.count - 1)..<tokens.count
            }
        if pooling == .rank, model.text.classifier == nil { throw problem(.noClassifier) }
        let states = try states(of: tokens, wanted)
        let pooled = isMean ? [Self.mean(of: states)] : states
        do {
            let result = try pooled.map { vector throws(InferenceProblem) in
                pooling == .rank ? try pass.text.scores(vector) ?? vector : try pass.text.project(vector)
            }
            if let bad = result.firstIndex(where: { !$0.allSatisfy(\.isFinite) }) {
                throw InferenceProblem.notANumber(position: wanted.lowerBound + bad)
            }
            return result
        } catch let found as InferenceProblem {
            throw problem(found)
        }
    }

    /// Returns the final states of some tokens of a text, normalized as for the output.
    private func states(of tokens: [Int32], _ wanted: Range<Int>) throws -> [[Float]] {
        reset()
        try check(tokens, wanted)
        var states: [[Float]] = []
        let width = model.shape.embeddingLength
        for start in stride(from: 0, to: tokens.count, by: pass.batch) {
            let batch = start..<min(start + pass.batch, tokens.count)
            let needed = wanted.clamped(to: batch)
            let rows = needed.isEmpty ? 0..<0 : (needed.lowerBound - start)..<(needed.upperBound - start)
            pass.run(Array(tokens[batch]), at: position, needed: rows, observer: observer)
            position += batch.count
            let found = pass.states(0..<rows.count)
            for row in 0..<rows.count {
                states.append(Array(UnsafeBufferPointer(start: found.start + row * found.stride, count: width)))
            }
        }
        return states
    }

    private static func mean(of rows: [[Float]]) -> [Float] {
        var sums = [Double](repeating: 0, count: rows.first?.count ?? 0)
        for row in rows { for index in row.indices { sums[index] += Double(row[index]) } }
        return sums.map { Float($0 / Double(rows.count)) }
    }

    private func problem(_ problem: InferenceProblem) -> InferenceError {
        InferenceError(path: model.path, problem: problem)
    }
}
