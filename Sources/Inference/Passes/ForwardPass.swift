import Architectures
import BlockFormats
import Work

/// Runs one batch of tokens through all layers of a model; contains the scratch memory for it.
///
/// Letters: T tokens of the batch, E embedding length, V vocabulary size.
final class ForwardPass {
    let model: LanguageModel
    /// The largest number of tokens in a batch.
    let batch: Int
    private let product: MatrixProduct
    let attention: AttentionMixer
    let convolution: ShortConvolutionMixer
    let delta: GatedDeltaMixer
    let space: StateSpaceMixer
    let dense: DenseNetwork
    let experts: ExpertNetwork
    let both: BothNetworks
    let embedding: LayerEmbedding
    let streams: HiddenStreams?
    let text: TextPass
    private let norm: Norm
    private let factors: [Float]
    private let width: Int
    let hidden: FloatBuffer  // (T, E)
    private let normed: FloatBuffer  // (T, E)
    private let branch: FloatBuffer  // (T, E), a part's output before it is normalized or scaled
    private var logitBuffer: FloatBuffer  // (slab, V)
    /// Weights that replace the model's own.
    var weightOverride: WeightOverride? {
        get { product.overrides.current }
        set { product.overrides.current = newValue }
    }

    init(model: LanguageModel, state: SequenceState, kernels: Kernels, workers: Workers, batch: Int)
        throws(InferenceProblem)
    {
        let shape = model.shape
        self.model = model
        self.batch = batch
        width = shape.embeddingLength
        product = try MatrixProduct(kernels: kernels, workers: workers, batch: batch, widest: shape.widestMatrix)
        attention = try AttentionMixer(model: model, cache: state.cache, product: product, batch: batch)
        convolution = try ShortConvolutionMixer(shape, state: state, product: product, batch: batch)
        delta = try GatedDeltaMixer(model, state: state, product: product, batch: batch)
        space = try StateSpaceMixer(model, state: state, product: product, batch: batch)
        dense = try DenseNetwork(shape, product: product, batch: batch)
        experts = try ExpertNetwork(shape, product: product, dense: dense, batch: batch)
        both = try BothNetworks(model, product: product, dense: dense, experts: experts, batch: batch)
        embedding = try LayerEmbedding(model, product: product, batch: batch)
        streams = try HiddenStreams(model, product: product, batch: batch)
        text = TextPass(model, product: product)
        norm = Norm(kind: shape.norms.kind, epsilon: model.arithmetic.epsilon)
        factors = model.rotaryFactors(capacity: state.capacity)
        hidden = try FloatBuffer(count: batch * width, purpose: "scratch memory")
        normed = try FloatBuffer(count: batch * width, purpose: "scratch memory")
        branch = try FloatBuffer(count: batch * width, purpose: "scratch memory")
        logitBuffer = try FloatBuffer(count: 0, purpose: "logits")
    }

    /// Runs the tokens through all layers.
    /// - Parameter needed: rows whose final state is wanted; afterwards they are the first rows of `hidden`.
    func run(
        _ tokens: [Int32],
        at position: Int,
        needed: Range<Int>,
        inputs: PassInputs = .tokens,
        observer: ((Activations) -> Void)?
    ) {
        precondition(tokens.count <= batch)
        let positions = position..<(position + tokens.count)
        var first = 0
        if case .kept(let kept, let layer) = inputs {
            first = layer
            if embedding.isUsed, layer < model.layers.count { embed(tokens, at: position, observer) }
            let isDone = layer == model.layers.count
            kept.restore(isDone ? hidden.start : between, layer: layer, tokens: positions)
            if isDone { return keepRows(needed) }
        } else {
            embed(tokens, at: position, observer)
            streams?.spread(UnsafePointer(hidden.start), tokens.count, observer)
        }
        defer {
            if case .keeping(let kept) = inputs {
                precondition(needed.count == tokens.count)
                kept.keep(hidden.start, layer: model.layers.count, tokens: positions)
            }
        }
        let tables = rotaryTables(positions)
        for (index, layer) in model.layers.enumerated().dropFirst(first) {
            if case .keeping(let kept) = inputs { kept.keep(between, layer: index, tokens: positions) }
            // After the last layer's attention, other rows are no longer needed, unless streams are to be merged.
            let isLast = index == model.layers.count - 1 && streams == nil
            run(layer, index, positions, tables, keeping: isLast ? needed : 0..<tokens.count, observer)
        }
        streams?.merge(needed, into: hidden.start, observer)
    }

    /// Runs one layer.
    /// - Parameter rows: the rows that continue after the mixer, counted from the first position.
    func run(
        _ layer: LayerWeights,
        _ index: Int,
        _ positions: Range<Int>,
        _ tables: RotaryTables,
        keeping rows: Range<Int>,
        _ observer: ((Activations) -> Void)?
    ) {
        let count = positions.count
        if let own = layer.streams { streams?.predict(own, count, into: hidden.start, observer) }
        let x = normalize(0..<count, layer.mixerNorm)
        if let own = layer.streams { streams?.takeDetour(x, own, count, observer) }
        runMixer(layer, index, x, positions, tables, rows, observer)
        if rows.count < count { keepRows(rows) }
        settle(rows.count, layer.mixerSumNorm)
        streams?.join(hidden.start, count)
        runNetwork(layer, x, rows.count, observer)
        settle(rows.count, layer.networkSumNorm)
        takeInput(layer, index, rows, observer)
        if layer.scale != 1 { for place in 0..<(rows.count * width) { hidden.start[place] *= layer.scale } }
    }

    /// Returns the tables of rotary embeddings for some positions.
    func rotaryTables(_ positions: Range<Int>) -> RotaryTables {
        RotaryTables(model.arithmetic, factors: factors, positions: positions)
    }

    /// Keeps the first layer's input.
    func embed(_ tokens: [Int32], at position: Int, keeping inputs: LayerInputs) {
        embed(tokens, at: position, nil)
        streams?.spread(UnsafePointer(hidden.start), tokens.count, nil)
        inputs.keep(between, layer: 0, tokens: position..<(position + tokens.count))
    }

    /// The address of the hidden states of all tokens between layers.
    var between: UnsafeMutablePointer<Float> { streams?.all.start ?? hidden.start }

    /// Returns the logits of rows that were requested from `run`: (rows, V).
    func logits(rows: Range<Int>, observer: ((Activations) -> Void)?) throws(InferenceProblem) -> UnsafePointer<Float> {
        let size = model.vocabularySize
        if logitBuffer.count < rows.count * size {
            logitBuffer = try FloatBuffer(count: rows.count * size, purpose: "logits")
        }
        let x = normalize(rows, model.outputNorm)
        let out = Rows(start: logitBuffer.start, stride: size)
        product.multiply(x, count: rows.count, by: model.output, into: Destination(rows: out), observer)
        let (scale, cap) = (model.arithmetic.logitScale, model.arithmetic.finalCap)
        if scale != 1 || cap != 0 {
            let (logits, kernels) = (logitBuffer, product.kernels)
            product.workers.forEach(rows.count) { row, _ in
                let own = UnsafeMutableBufferPointer(start: logits.start + row * size, count: size)
                if scale != 1 { for index in own.indices { own[index] *= scale } }
                if cap != 0 { kernels.softCap(own, scale: 1, cap: cap) }
            }
        }
        return UnsafePointer(logitBuffer.start)
    }

    /// Returns the final states of rows that were requested from `run`, normalized as for the output: (rows, E).
    func states(_ rows: Range<Int>) -> Rows<UnsafePointer<Float>> { normalize(rows, model.outputNorm) }

    func embed(_ tokens: [Int32], at position: Int, _ observer: ((Activations) -> Void)?) {
        let scale = model.arithmetic.embeddingScale
        let table = product.overrides.matrix(model.tokenEmbedding)
        for (row, token) in tokens.enumerated() {
            let place = hidden.start + row * width
            let embedding = table.rows(Int(token)..<(Int(token) + 1), scratch: place)
            if embedding != UnsafePointer(place) { place.update(from: embedding, count: width) }
            if scale != 1 { for index in 0..<width { place[index] *= scale } }
            guard let positions = model.positionEmbedding.map(product.overrides.matrix) else { continue }
            let learned = positions.rows((position + row)..<(position + row + 1), scratch: normed.start)
            for index in 0..<width { place[index] += learned[index] }
        }
        if !model.tokenType.isEmpty {
            for row in tokens.indices {
                for index in 0..<width { hidden.start[row * width + index] += model.tokenType[index] }
            }
        }
        settle(tokens.count, model.embeddingNorm)
        embedding.prepare(tokens, UnsafePointer(hidden.start), observer)
    }

    /// Adds the output of a part of a layer to `hidden`, after it is normalized and scaled if the model does so.
    func add(to rows: Range<Int>, _ weights: NormWeights?, _ compute: (Destination) -> Void) {
        let residual = SharedRows(Rows(start: hidden.start + rows.lowerBound * width, stride: width))
        let scale = model.arithmetic.residualScale
        guard weights != nil || scale != 1 else {
            compute(Destination(rows: residual.rows, adds: true))
            return
        }
        compute(Destination(rows: Rows(start: branch.start, stride: width)))
        product.workers.forEach(rows.count) { [branch, norm, width] row, _ in
            let part = branch.start + row * width
            weights?.weight.withUnsafeBufferPointer {
                norm.apply(UnsafePointer(part), weights: $0, bias: weights?.bias ?? [], into: part)
            }
            let target = residual.rows.start + row * width
            for index in 0..<width { target[index] += scale * part[index] }
        }
    }

    /// Returns rows of `hidden`, normalized if there are weights for it.
    func normalize(_ rows: Range<Int>, _ weights: NormWeights?) -> Rows<UnsafePointer<Float>> {
        let source = SharedRows(Rows(start: hidden.start + rows.lowerBound * width, stride: width))
        guard let weights else { return Rows(start: UnsafePointer(source.rows.start), stride: width) }
        product.workers.forEach(rows.count) { [normed, norm, width] row, _ in
            let (x, out) = (source.rows.start + row * width, normed.start + row * width)
            weights.weight.withUnsafeBufferPointer {
                norm.apply(UnsafePointer(x), weights: $0, bias: weights.bias, into: out)
            }
        }
        return Rows(start: UnsafePointer(normed.start), stride: width)
    }

    /// Normalizes the first rows of `hidden` in place.
    private func settle(_ count: Int, _ weights: NormWeights?) {
        guard let weights else { return }
        product.workers.forEach(count) { [hidden, norm, width] row, _ in
            let place = hidden.start + row * width
            weights.weight.withUnsafeBufferPointer {
                norm.apply(UnsafePointer(place), weights: $0, bias: weights.bias, into: place)
            }
        }
    }

    /// Moves rows to the front, including the normalized ones.
    private func keepRows(_ rows: Range<Int>) {
        // The ranges may overlap; `update` supports that.
        for buffer in [hidden, normed] {
            buffer.start.update(from: buffer.start + rows.lowerBound * width, count: rows.count * width)
        }
    }
}
