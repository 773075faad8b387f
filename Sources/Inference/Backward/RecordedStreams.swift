import Architectures
import BlockFormats
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The router's output for a token's state, through one of the two matrices that convert it to factors, computed again:
/// factors = matrix tanh(router norm(x) / E).
///
/// Letters: T tokens of the window, E embedding length, S streams, F factors of a token.
struct RecordedRoute {
    private let tools: GradientTools
    private let weights: StreamWeights
    private let matrix: Projection
    private let x: TokenRows  // (T, E)
    private let normed: TokenRows  // (T, E)
    private let modes: TokenRows  // (T, S)
    let factors: TokenRows  // (T, F)

    init(_ tools: GradientTools, _ weights: StreamWeights, _ matrix: Projection, _ x: TokenRows) throws {
        (self.tools, self.weights, self.matrix, self.x) = (tools, weights, matrix, x)
        normed = try tools.normalized(x, weights.routerNorm)
        modes = try tools.memory.rows(x.count, weights.router.matrix.rows)
        factors = try tools.memory.rows(x.count, matrix.matrix.rows)
        normed.multiply(by: 1 / Float(x.width))
        tools.multiply(normed, by: weights.router, into: modes)
        for token in 0..<x.count {
            for index in 0..<modes.width { modes[token][index] = tanhf(modes[token][index]) }
        }
        tools.multiply(modes, by: matrix, into: factors)
    }

    /// - Parameter gradient: with respect to the factors.
    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let inner = try tools.memory.zeros(x.count, modes.width)
        tools.flowBack(gradient, through: matrix, input: modes, to: inner)
        for token in 0..<x.count {
            for index in 0..<modes.width { inner[token][index] *= 1 - modes[token][index] * modes[token][index] }
        }
        let outer = try tools.memory.zeros(x.count, x.width)
        tools.flowBack(inner, through: weights.router, input: normed, to: outer)
        outer.multiply(by: 1 / Float(x.width))
        tools.flowBack(outer, through: weights.routerNorm, at: x, to: change)
    }
}

/// The streams predicted from each other before a layer, computed again: p[s] = a[s] + sum over o of factors[s][o]
/// a[o], with a router that reads a[0]. Backward: da[o] += dp[o] + sum over s of factors[s][o] dp[s], dfactors[s][o] =
/// dp[s] . a[o].
struct RecordedPrediction {
    private let tools: GradientTools
    private let all: TokenRows  // (T, S E): a
    private let count: Int
    private let width: Int
    private let route: RecordedRoute
    let predicted: TokenRows  // (T, S E): p

    /// - Parameter all: the streams that are the layer's input.
    init(_ tools: GradientTools, _ weights: StreamWeights, _ all: TokenRows, count: Int) throws {
        (self.tools, self.all, self.count) = (tools, all, count)
        let width = all.width / count
        self.width = width
        predicted = try tools.memory.rows(all.count, all.width)
        route = try RecordedRoute(tools, weights, weights.prediction, all.columns(0..<width))
        tools.workers.forEach(all.count) { [predicted, factors = route.factors] token, _ in
            let (out, own) = (predicted[token], factors[token])
            out.update(from: all[token], count: all.width)
            for stream in 0..<count {
                for other in 0..<count {
                    let (factor, source) = (own[stream * count + other], all[token] + other * width)
                    for index in 0..<width { out[stream * width + index] += factor * source[index] }
                }
            }
        }
    }

    /// The state that the layer works on.
    var state: TokenRows { predicted.columns(0..<width) }

    /// - Parameter change: of the predicted streams; afterwards, of the layer's input.
    func flowBack(_ change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let gradient = try tools.memory.rows(all.count, all.width)
        gradient.copy(change)
        let factorChanges = try tools.memory.rows(all.count, count * count)
        tools.workers.forEach(all.count) { [self] token, _ in
            let (own, out) = (route.factors[token], change[token])
            for stream in 0..<count {
                let source = gradient[token] + stream * width
                for other in 0..<count {
                    let known = all[token] + other * width
                    let place = stream * count + other
                    factorChanges[token][place] = tools.kernels.dot(UnsafePointer(source), known, count: width)
                    for index in 0..<width { out[other * width + index] += own[place] * source[index] }
                }
            }
        }
        try route.flowBack(factorChanges, to: change.columns(0..<width))
    }
}

/// The streams corrected by the layer's change of the first, computed again: o[s] = (h - p[0]) (factors[s] + 1) + p[s],
/// with a router that reads h, the layer's state; and the embeddings for the layer, which are added to all streams
/// except the first.
struct RecordedCorrection {
    private let tools: GradientTools
    private let weights: StreamWeights
    private let state: TokenRows  // (T, E): h
    private let predicted: TokenRows  // (T, S E): p
    private let count: Int
    private let width: Int
    private let route: RecordedRoute
    private let input: RecordedLayerInput?
    private let embedding: (embedding: TokenRows, change: TokenRows)?
    private let scaled: TokenRows  // (T, E), the first stream as the embeddings' input
    let corrected: TokenRows  // (T, S E): o

    /// - Parameter embedding: the tokens' embeddings for the layer, and their gradients; nil for none.
    init(
        _ tools: GradientTools,
        _ layer: LayerWeights,
        _ weights: StreamWeights,
        state: TokenRows,
        predicted: TokenRows,
        embedding: (embedding: TokenRows, change: TokenRows)?
    ) throws {
        (self.tools, self.weights, self.state, self.predicted) = (tools, weights, state, predicted)
        let (count, width) = (predicted.width / state.width, state.width)
        (self.count, self.width, self.embedding) = (count, width, embedding)
        route = try RecordedRoute(tools, weights, weights.correction, state)
        corrected = try tools.memory.rows(state.count, predicted.width)
        scaled = try tools.memory.rows(state.count, width)
        tools.workers.forEach(state.count) { [corrected, scaled, factors = route.factors] token, _ in
            let (out, guess) = (corrected[token], predicted[token])
            for stream in 0..<count {
                let factor = factors[token][stream] + 1
                for index in 0..<width {
                    let place = stream * width + index
                    out[place] = (state[token][index] - guess[index]) * factor + guess[place]
                }
            }
            for index in 0..<width { scaled[token][index] = out[index] * weights.correctedScale[index] }
        }
        guard let own = layer.input, let embedding else {
            input = nil
            return
        }
        let input = try RecordedLayerInput(tools, own, scaled, embedding.embedding)
        self.input = input
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let part = try tools.memory.rows(state.count, width)
        input.give(into: part)
        for stream in 1..<count { corrected.columns((stream * width)..<((stream + 1) * width)).add(part) }
    }

    /// - Parameters:
    ///   - change: of the corrected streams; afterwards, of the predicted ones.
    ///   - stateChange: receives the gradient of the layer's state.
    func flowBack(_ change: TokenRows, to stateChange: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let first = change.columns(0..<width)
        if let input, let embedding {
            let part = try tools.memory.zeros(state.count, width)
            for stream in 1..<count { part.add(change.columns((stream * width)..<((stream + 1) * width))) }
            let scaledChange = try tools.memory.zeros(state.count, width)
            try input.flowBack(part, to: scaledChange, embedding: embedding.change)
            for token in 0..<state.count {
                for index in 0..<width {
                    first[token][index] += scaledChange[token][index] * weights.correctedScale[index]
                }
            }
        }
        let factorChanges = try tools.memory.rows(state.count, count)
        let news = try tools.memory.zeros(state.count, width)
        tools.workers.forEach(state.count) { [self] token, _ in
            for stream in 0..<count {
                let (own, factor) = (change[token] + stream * width, route.factors[token][stream] + 1)
                var sum = 0.0
                for index in 0..<width {
                    sum += Double(own[index]) * Double(state[token][index] - predicted[token][index])
                    news[token][index] += factor * own[index]
                }
                factorChanges[token][stream] = Float(sum)
            }
        }
        first.add(news, times: -1)
        stateChange.add(news)
        try route.flowBack(factorChanges, to: stateChange)
    }
}

/// A detour of low rank beside attention, computed again: norm(R L x) + x.
struct RecordedDetour {
    private let tools: GradientTools
    private let weights: StreamWeights
    private let x: TokenRows  // (T, E)
    private let low: TokenRows  // (T, rank)
    private let raw: TokenRows  // (T, E), before the norm

    init(_ tools: GradientTools, _ weights: StreamWeights, _ x: TokenRows) throws {
        (self.tools, self.weights, self.x) = (tools, weights, x)
        low = try tools.memory.rows(x.count, weights.detourIn.matrix.rows)
        raw = try tools.memory.rows(x.count, x.width)
        tools.multiply(x, by: weights.detourIn, into: low)
        tools.multiply(low, by: weights.detourOut, into: raw)
    }

    func give(into out: TokenRows) {
        tools.normalize(raw, weights.detourNorm, into: out)
        out.add(x)
    }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        change.add(gradient)
        let own = try tools.memory.zeros(x.count, x.width)
        tools.flowBack(gradient, through: weights.detourNorm, at: raw, to: own)
        let inner = try tools.memory.zeros(x.count, low.width)
        tools.flowBack(own, through: weights.detourOut, input: low, to: inner)
        tools.flowBack(inner, through: weights.detourIn, input: x, to: change)
    }
}

/// The beginning and end of streams: rows y = W x that are scaled to the length of a row r, z = y |r| / |y|. Backward,
/// with u = y / |y|, dy = |r| / |y| (dz - u (u . dz)) and dr += r / |r| (u . dz).
struct StreamEnds {
    let tools: GradientTools
    let weights: StreamEndWeights
    /// E.
    let width: Int

    /// Passes the gradients of the matrices that spread the first state to the observer.
    /// - Parameters:
    ///   - all: the first layer's input: (T, S E).
    ///   - change: its gradient.
    func flowBackSpread(_ all: TokenRows, _ change: TokenRows) throws {
        let first = all.columns(0..<width)
        for (index, matrix) in weights.spread.enumerated() {
            let mark = tools.memory.mark
            defer { tools.memory.release(to: mark) }
            let raw = try tools.memory.rows(all.count, width)
            tools.multiply(first, by: matrix, into: raw)
            let own = try tools.memory.rows(all.count, width)
            own.copy(stream(index + 1, of: change))
            stretchBack(own, raw, first, to: nil)
            tools.show(own, of: matrix, input: first)
        }
    }

    /// Passes the gradients of the matrices that merge streams to the observer, out = (a[0] + sum of stretched) / S.
    /// - Parameters:
    ///   - all: the last layer's output: (T, S E).
    ///   - gradient: of the merged states: (T, E).
    ///   - change: receives the gradients of the streams.
    func flowBackMerge(_ all: TokenRows, _ gradient: TokenRows, to change: TokenRows) throws {
        let first = all.columns(0..<width)
        let share = 1 / Float(weights.merge.count + 1)
        change.columns(0..<width).add(gradient, times: share)
        for (index, matrix) in weights.merge.enumerated() {
            let mark = tools.memory.mark
            defer { tools.memory.release(to: mark) }
            let input = stream(index + 1, of: all)
            let raw = try tools.memory.rows(all.count, width)
            tools.multiply(input, by: matrix, into: raw)
            let own = try tools.memory.rows(all.count, width)
            own.copy(gradient)
            own.multiply(by: share)
            stretchBack(own, raw, first, to: change.columns(0..<width))
            tools.flowBack(own, through: matrix, input: input, to: stream(index + 1, of: change))
        }
    }

    private func stream(_ index: Int, of rows: TokenRows) -> TokenRows {
        rows.columns((index * width)..<((index + 1) * width))
    }

    /// Replaces dz by dy, and adds dr to `change`.
    private func stretchBack(_ gradient: TokenRows, _ raw: TokenRows, _ like: TokenRows, to change: TokenRows?) {
        tools.workers.forEach(gradient.count) { [self] token, _ in
            let (own, known, other) = (gradient[token], raw[token], like[token])
            func product(_ one: UnsafeMutablePointer<Float>, _ two: UnsafeMutablePointer<Float>) -> Float {
                tools.kernels.dot(UnsafePointer(one), UnsafePointer(two), count: width)
            }
            let length = product(known, known).squareRoot()
            let wanted = product(other, other).squareRoot()
            let along = product(known, own) / length
            for index in 0..<width { own[index] = wanted / length * (own[index] - known[index] / length * along) }
            if let change { for index in 0..<width { change[token][index] += other[index] / wanted * along } }
        }
    }
}
