import Architectures
import CKernels

/// What running a model takes in memory beside its file, by the model's shape alone: known before there is a file.
///
/// Each property is the sum of what one part sets aside when it is made; a test holds the sum against what the parts of every
/// family do. In double precision, since a file's numbers may be absurd.
public struct SessionMemory: Sendable {
    private let shape: ModelShape
    private let options: SessionOptions
    /// Positions there is room for.
    private let context: Double
    /// Most tokens of a batch.
    private let batch: Double
    private let threads: Double
    private let vocabulary: Double

    /// - Parameter vocabulary: tokens of the model.
    public init(_ shape: ModelShape, vocabulary: Int, _ options: SessionOptions) {
        (self.shape, self.options) = (shape, options)
        context = Double(max(1, options.context))
        batch = Double(InferenceSession.batch(of: shape, context: max(1, options.context)))
        threads = Double(max(1, options.threads))
        self.vocabulary = Double(vocabulary)
    }

    /// Bytes of a session that hands out the logits of some positions.
    /// - Parameter logits: how many rows of one batch are wanted; not all of them are there at a time.
    public func byteCount(logits: Int) -> Int { Self.bytes(numbers + logitNumbers(logits)) }

    /// Bytes of a session that goes back through windows of its whole context, as `GradientSession` does.
    public var gradientByteCount: Int {
        let width = Double(shape.embeddingLength)
        let inputs = context * (Double(shape.layers.count) * Double(shape.stateWidth) + width)
        let rows = Double(logitRows(Int(context)))
        // A layer's numbers, those of all layers where they are kept, and on top either those of the way back or the gradients in logits.
        let kept = KeptLayers.count(shape, tokens: Int(context)).flatMap { $0 <= KeptLayers.most ? Double($0) : nil }
        let layer = context * layerNumbers
        let scratch = max((kept ?? layer) + layer, (kept ?? 0) + rows * (vocabulary + 2 * width)) + context * width
        return Self.bytes(numbers + logitNumbers(Int(context)) + inputs + gradientTools + scratch)
    }

    private static func bytes(_ numbers: Double) -> Int {
        Int(min(numbers * Double(MemoryLayout<Float>.stride), Double(Int.max / 2)))
    }

    /// All but logits.
    private var numbers: Double {
        let width = Double(shape.embeddingLength)
        let parts = [
            product(batch), state, attention, convolution, delta, space, network, layerInputs, streams,
            // The hidden states, the same normalized, and what a part adds.
            3 * batch * width,
        ]
        return parts.reduce(0, +)
    }

    private func logitRows(_ wanted: Int) -> Int {
        InferenceSession.logitRows(min(wanted, Int(batch)), vocabulary: Int(vocabulary))
    }

    private func logitNumbers(_ wanted: Int) -> Double { Double(logitRows(wanted)) * vocabulary }

    /// Of `MatrixProduct`: each thread's panel, and activations as whole numbers.
    private func product(_ rows: Double) -> Double {
        let (widest, panel) = (Double(shape.widestMatrix), Double(panelWidth))
        // Of a row by itself: codes, scales and sums, of blocks of 256.
        let row = (widest / 256).rounded(.up) * 256 * 13 / 32
        return threads * panel * (widest + rows) + Self.coded(rows, widest) + row
    }

    /// Of `CodedRows`.
    private static func coded(_ rows: Double, _ depth: Double) -> Double {
        let padded = (depth / Double(EK_DEPTH)).rounded(.up) * Double(EK_DEPTH)
        return rows * padded * (1 / 2 + 1 / Double(EK_GROUP))
    }

    /// Of `SequenceState`.
    private var state: Double {
        let isShared = InferenceSession.isShared(shape, options)
        let read = Set(shape.attentions.compactMap(\.source))
        let widths = shape.layers.map { Double($0.mixer.state.keys) }
        let own = shape.layers.indices.filter { !isShared || read.contains($0) }.reduce(0) { $0 + widths[$1] }
        let common = isShared ? shape.layers.indices.filter { !read.contains($0) }.map { widths[$0] }.max() ?? 0 : 0
        let places = options.cacheType == .f32 ? 1.0 : 0.5
        let constants = shape.layers.reduce(0) { $0 + Double($1.mixer.state.constant) }
        return 2 * context * (own + common) * places + constants
    }

    /// Of `AttentionMixer` and its `Attention`.
    private var attention: Double {
        let shapes = shape.attentions
        guard !shapes.isEmpty else { return 0 }
        func most(_ count: (AttentionShape) -> Int) -> Double { Double(shapes.map(count).max() ?? 0) }
        let queries = most { $0.headCount * $0.keyLength }
        let mixed = most { ($0.headCount + 2 * $0.keyValueHeadCount) * $0.keyLength }
        let asked = shapes.contains(where: \.gatesOutput) ? 2 * queries : 0
        let decoded = options.cacheType == .f32 ? 0 : 2 * context * most(\.keyLength)
        let padded = (context / Double(panelWidth)).rounded(.up) * Double(panelWidth)
        return batch * (mixed + queries + asked) + threads * (Double(Attention.blockRows) * padded + decoded)
    }

    /// Of `ShortConvolutionMixer`.
    private var convolution: Double {
        shape.layers.contains { $0.shortConvolution != nil } ? batch * 5 * Double(shape.embeddingLength) : 0
    }

    /// Of `GatedDeltaMixer`.
    private var delta: Double {
        let shapes = shape.layers.compactMap(\.gatedDelta)
        func most(_ count: (GatedDeltaShape) -> Int) -> Double { Double(shapes.map(count).max() ?? 0) }
        return batch * (2 * most(\.channels) + 2 * most(\.valueWidth) + 2 * most(\.valueHeadCount))
    }

    /// Of `StateSpaceMixer`.
    private var space: Double {
        let shapes = shape.layers.compactMap(\.stateSpace)
        guard !shapes.isEmpty else { return 0 }
        func most(_ count: (StateSpaceShape) -> Int) -> Double { Double(shapes.map(count).max() ?? 0) }
        let length = Double(StateSpaceChunk.length)
        let rows = most(\.inputWidth) + 2 * most(\.channels) + most(\.headCount) + most(\.valueWidth)
        let chunk = length * (length + most(\.headLength)) + max(length, most(\.headLength)) * Double(panelWidth)
        let products = (batch / length).rounded(.up) * most(\.groupCount) * length * length
        return batch * rows + products + threads * chunk
    }

    /// Of `DenseNetwork`, `ExpertNetwork` and `BothNetworks`.
    private var network: Double {
        let width = Double(shape.embeddingLength)
        let experts = shape.experts.map { Double($0.count) + 3 * width } ?? 0
        let hasBoth = shape.layers.contains { if case .both = $0.network { true } else { false } }
        return batch * (2 * Double(shape.widestNetwork) + experts + (hasBoth ? 3 * width : 0))
    }

    /// Of `LayerEmbedding`.
    private var layerInputs: Double {
        let length = Double(shape.layerInputLength)
        guard length > 0 else { return 0 }
        let all = Double(shape.layers.count) * length
        return batch * (all + length + Double(shape.embeddingLength)) + threads * all
    }

    /// Of `HiddenStreams`.
    private var streams: Double {
        guard let streams = shape.streams else { return 0 }
        let (count, width) = (Double(streams.count), Double(shape.embeddingLength))
        return batch * (2 * count * width + 2 * width + Double(streams.detourRank) + count + count * count)
    }

    /// Of `GradientTools` and `AttentionGradient`.
    private var gradientTools: Double {
        let (panel, most) = (Double(panelWidth), Double(ReturnProduct.mostRows))
        let slab = max(Double(ReturnProduct.slabCount), panel * Double(shape.widestMatrix))
        let returning = slab + Self.coded(context, most) + threads * panel * (most + context)
        let blocks = shape.attentions.isEmpty ? 0 : 4 * Double(Attention.blockRows) * context
        return product(context) + returning + threads * (blocks + context * panel)
    }

    /// About what one layer needs for a token, for its own gradients.
    private var layerNumbers: Double {
        let mixed = shape.attentions.map { ($0.headCount + 2 * $0.keyValueHeadCount) * $0.keyLength }.max() ?? 0
        return 4 * Double(mixed) + 6 * Double(shape.widestNetwork) + 8 * Double(shape.stateWidth)
    }
}
