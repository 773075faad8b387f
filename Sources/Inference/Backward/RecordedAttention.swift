import Architectures
import Work

/// Attention as a layer's mixer, computed again with the numbers that its gradients need: the normalized input, the
/// outputs before the gates, and the queries, keys and values of attention.
///
/// Queries and keys pass through matrix, norm, rotary embedding and temperature (the norm after the rotation in some
/// families); values through matrix and, in a few families, a norm. Gradients take the same path backward. The gradient
/// of a rotation is the rotation by the opposite angle.
///
/// Letters: T tokens of the window, E embedding length, H heads, G key and value heads, D head length.
struct RecordedAttention: RecordedPart {
    private let tools: GradientTools
    private let attention: AttentionGradient
    private let weights: AttentionWeights
    private let shape: AttentionShape
    private let rotary: RotaryTable?
    private let temperature: TemperatureRule?
    private let x: TokenRows  // (T, E)
    private let mixed: TokenRows  // (T, (H + 2 G) D)
    private let raw: TokenRows?  // (T, (H + 2 G) D), before the norms
    private let asked: TokenRows?  // (T, 2 H D): each head's queries and the gates of its outputs
    private let answered: TokenRows  // (T, H D)
    private let gated: TokenRows  // (T, H D): the output matrix's input
    private let shared: SharedKeys.Entry?  // another layer's keys and values
    /// Removes and returns the gradients that later layers have for this layer's keys and values.
    private let later: @Sendable () -> SharedKeys.Entry?

    /// - Parameters:
    ///   - x: the mixer's input.
    ///   - source: keys and values of another layer that replace own ones.
    ///   - later: gradients of own keys and values from layers that read them.
    init(
        _ tools: GradientTools,
        _ attention: AttentionGradient,
        _ weights: AttentionWeights,
        _ shape: AttentionShape,
        _ x: TokenRows,
        _ rotary: RotaryTable?,
        _ temperature: TemperatureRule?,
        source: SharedKeys.Entry? = nil,
        later: @escaping @Sendable () -> SharedKeys.Entry? = { nil }
    ) throws {
        (self.tools, self.attention, self.weights, self.shape) = (tools, attention, weights, shape)
        (self.x, self.rotary, self.temperature, shared, self.later) = (x, rotary, temperature, source, later)
        let (queries, keys) = (shape.headCount * shape.keyLength, shape.keyValueHeadCount * shape.keyLength)
        mixed = try tools.memory.rows(x.count, queries + 2 * keys)
        asked = shape.gatesOutput ? try tools.memory.rows(x.count, 2 * queries) : nil
        let isNormed = !(weights.queryNorm.isEmpty && weights.keyNorm.isEmpty && weights.valueNorm.isEmpty)
        raw = isNormed ? try tools.memory.rows(x.count, queries + 2 * keys) : nil
        answered = try tools.memory.rows(x.count, queries)
        gated = shape.gatesOutput ? try tools.memory.rows(x.count, queries) : answered
        for (index, projection) in weights.queryKeyValue.enumerated() {
            tools.multiply(x, by: projection, into: index == 0 ? asked ?? mixed : mixed)
        }
        tools.workers.forEach(x.count) { [self] token, _ in prepare(token) }
    }

    /// The inputs of attention.
    var parts: AttentionGradient.Parts {
        let (queries, keys) = (shape.headCount * shape.keyLength, shape.keyValueHeadCount * shape.keyLength)
        return AttentionGradient.Parts(
            queries: mixed.columns(0..<queries),
            keys: shared?.keys ?? mixed.columns(queries..<(queries + keys)),
            values: shared?.values ?? mixed.columns((queries + keys)..<(queries + 2 * keys))
        )
    }

    func give(into out: TokenRows) {
        attention.answer(parts, shape, sinks: weights.sinks, into: answered)
        if shape.gatesOutput { tools.workers.forEach(x.count) { [self] token, _ in gate(token) } }
        tools.multiply(gated, by: weights.output, into: out)
    }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let width = shape.headCount * shape.keyLength
        let answers = try tools.memory.zeros(x.count, width)
        tools.flowBack(gradient, through: weights.output, input: gated, to: answers)
        let asking = try asked.map { try tools.memory.rows(x.count, $0.width) }
        if let asking { tools.workers.forEach(x.count) { [self] token, _ in ungate(token, answers, asking) } }
        let changes = try tools.memory.rows(x.count, mixed.width)
        let own = AttentionGradient.Parts(
            queries: changes.columns(0..<width),
            keys: changes.columns(width..<(width + (mixed.width - width) / 2)),
            values: changes.columns((width + (mixed.width - width) / 2)..<mixed.width)
        )
        let shares = try tools.memory.rows(x.count, 2 * width)
        attention.flowBack(answers, parts, shape, sinks: weights.sinks, shares: shares, into: own)
        if let shared {
            shared.keyChanges.add(own.keys)
            shared.valueChanges.add(own.values)
        }
        if let later = later() {
            own.keys.add(later.keyChanges)
            own.values.add(later.valueChanges)
        }
        tools.workers.forEach(x.count) { [self] token, _ in
            unprepare(token, changes)
            if let asking { putQueries(token, changes, asking) }
        }
        for (index, projection) in weights.queryKeyValue.enumerated() {
            let place = index == 0 ? asking ?? changes : changes
            tools.flowBack(place, through: projection, input: x, to: change)
        }
    }

    /// Copies one token's queries from beside their gates, and prepares its heads for attention.
    private func prepare(_ token: Int) {
        let (row, length) = (mixed[token], shape.keyLength)
        if let asked {
            for head in 0..<shape.headCount {
                (row + head * length).update(from: asked[token] + 2 * head * length, count: length)
            }
        }
        if weights.takesKeysForValues {
            let count = shape.keyValueHeadCount * length
            let keys = row + shape.headCount * length
            (keys + count).update(from: keys, count: count)
        }
        let rotatesFirst = shape.headNorm == .perRotatedHead
        if rotatesFirst { rotate(token, row) }
        if let raw {
            raw[token].update(from: row, count: mixed.width)
            forEachNorm { place, weights in
                weights.withUnsafeBufferPointer {
                    tools.norm.apply(UnsafePointer(row + place), weights: $0, into: row + place)
                }
            }
        }
        if !rotatesFirst { rotate(token, row) }
        multiply(token, row)
    }

    /// Reverses `prepare` for the gradients of one token's queries, keys and values.
    private func unprepare(_ token: Int, _ changes: TokenRows) {
        let (row, length) = (changes[token], shape.keyLength)
        multiply(token, row)
        let rotatesFirst = shape.headNorm == .perRotatedHead
        if !rotatesFirst { rotate(token, row, isBackward: true) }
        if let raw {
            forEachNorm { place, weights in
                weights.withUnsafeBufferPointer {
                    let own = row + place
                    tools.norm.flowBack(
                        UnsafePointer(own),
                        at: UnsafePointer(raw[token] + place),
                        weights: $0,
                        into: own
                    )
                }
            }
        }
        if rotatesFirst { rotate(token, row, isBackward: true) }
        guard weights.takesKeysForValues else { return }
        let count = shape.keyValueHeadCount * length
        let keys = row + shape.headCount * length
        for index in 0..<count { keys[index] += keys[count + index] }
    }

    private func rotate(_ token: Int, _ row: UnsafeMutablePointer<Float>, isBackward: Bool = false) {
        guard let rotary else { return }
        for head in 0..<(shape.headCount + (shape.source == nil ? shape.keyValueHeadCount : 0)) {
            rotary.apply(row: token, to: row + head * shape.keyLength, isBackward: isBackward)
        }
    }

    /// Multiplies queries by the temperature of their position.
    private func multiply(_ token: Int, _ row: UnsafeMutablePointer<Float>) {
        guard let temperature else { return }
        let factor = temperature.factor(at: token)
        for index in 0..<(shape.headCount * shape.keyLength) { row[index] *= factor }
    }

    /// Calls the body with the start of each norm's numbers in a token's row, and its weights.
    private func forEachNorm(_ body: (_ place: Int, _ weights: ArraySlice<Float>) -> Void) {
        let (length, isWhole) = (shape.keyLength, shape.headNorm == .whole)
        var first = 0
        for (heads, weights) in [
            (shape.headCount, weights.queryNorm), (shape.keyValueHeadCount, weights.keyNorm),
            (shape.keyValueHeadCount, weights.valueNorm),
        ] {
            defer { first += heads * length }
            guard !weights.isEmpty else { continue }
            let count = isWhole ? weights.count : length
            for head in 0..<(isWhole ? 1 : heads) {
                // The heads share one head's weights, or each has its own.
                let place = weights.count == count ? 0 : head * count
                body(first + head * count, weights[place..<(place + count)])
            }
        }
    }

    private func gate(_ token: Int) {
        guard let asked else { return }
        forEachGate(token, asked) { place, gate in gated[token][place] = answered[token][place] * sigmoid(gate.pointee)
        }
    }

    /// Converts gradients of gated outputs to those before the gates; writes the gradients of the gates to their places
    /// in `asking`.
    private func ungate(_ token: Int, _ answers: TokenRows, _ asking: TokenRows) {
        guard let asked else { return }
        let distance = asking[token] - asked[token]
        forEachGate(token, asked) { place, gate in
            let share = sigmoid(gate.pointee)
            let change = answers[token][place]
            (gate + distance).pointee = change * answered[token][place] * share * (1 - share)
            answers[token][place] = change * share
        }
    }

    private func forEachGate(
        _ token: Int,
        _ asked: TokenRows,
        _ body: (_ place: Int, _ gate: UnsafeMutablePointer<Float>) -> Void
    ) {
        let length = shape.keyLength
        for head in 0..<shape.headCount {
            let gates = asked[token] + (2 * head + 1) * length
            for index in 0..<length { body(head * length + index, gates + index) }
        }
    }

    private func putQueries(_ token: Int, _ changes: TokenRows, _ asking: TokenRows) {
        let length = shape.keyLength
        for head in 0..<shape.headCount {
            (asking[token] + 2 * head * length).update(from: changes[token] + head * length, count: length)
        }
    }
}
