import Architectures
import CKernels

/// The memory for running a model, besides its file, computed from the model's shape only: it is known before there is
/// a file.
///
/// Each property is the sum of the allocations of one part; a test compares the sum with the actual allocations of the
/// parts of every family. The sums are in double precision, because a file's numbers may be absurd.
public struct SessionMemory: Sendable {
    private let shape: ModelShape
    private let options: SessionOptions
    /// The largest number of positions.
    private let context: Double
    /// The largest number of tokens in a batch.
    private let batch: Double
    private let threads: Double
    private let vocabulary: Double

    /// - Parameter vocabulary: the number of tokens in the model's vocabulary.
    public init(_ shape: ModelShape, vocabulary: Int, _ options: SessionOptions) {
        (self.shape, self.options) = (shape, options)
        context = Double(max(1, options.context))
        batch = Double(InferenceSession.batch(of: shape, context: max(1, options.context)))
        threads = Double(max(1, options.threads))
        self.vocabulary = Double(vocabulary)
    }

    /// Returns the bytes of a session that returns the logits of some positions.
    /// - Parameter logits: the number of wanted rows in one batch; not all of them are in memory at a time.
    public func byteCount(logits: Int) -> Int { Self.bytes(numbers + logitNumbers(logits)) }

    /// The bytes of a session that runs backward through windows of its whole context, as `GradientSession` does.
    public var gradientByteCount: Int {
        let width = Double(shape.embeddingLength)
        let inputs = context * (Double(shape.layers.count) * Double(shape.stateWidth) + width)
        let rows = Double(logitRows(Int(context)))
        // One layer's numbers, or those of all layers if they are kept, plus the larger of the backward pass and the
        // gradients of logits.
        let kept = KeptLayers.count(shape, tokens: Int(context)).flatMap { $0 <= KeptLayers.most ? Double($0) : nil }
        let layer = context * layerNumbers
        let scratch = max((kept ?? layer) + layer, (kept ?? 0) + rows * (vocabulary + 2 * width)) + context * width
        return Self.bytes(numbers + logitNumbers(Int(context)) + inputs + gradientTools + scratch)
    }

    private static func bytes(_ numbers: Double) -> Int {
        Int(min(numbers * Double(MemoryLayout<Float>.stride), Double(Int.max / 2)))
    }

    /// All numbers except logits.
    private var numbers: Double {
        let width = Double(shape.embeddingLength)
        let parts = [
            product(batch), state, attention, convolution, delta, space, network, layerInputs, streams,
            // The hidden states, the normalized ones, and a part's output.
            3 * batch * width,
        ]
        return parts.reduce(0, +)
    }

    private func logitRows(_ wanted: Int) -> Int {
        InferenceSession.logitRows(min(wanted, Int(batch)), vocabulary: Int(vocabulary))
    }

    private func logitNumbers(_ wanted: Int) -> Double { Double(logitRows(wanted)) * vocabulary }

    /// The numbers of `MatrixProduct`: each thread's panel, and activations as integers.
    private func product(_ rows: Double) -> Double {
        let (widest, panel) = (Double(shape.widestMatrix), Double(panelWidth))
        // For a single row: codes, scales and sums, in blocks of 256.
        let row = (widest / 256).rounded(.up) * 256 * 13 / 32
        return threads * panel * (widest + rows) + Self.coded(rows, widest) + row
    }

    /// The numbers of `CodedRows`.
    private static func coded(_ rows: Double, _ depth: Double) -> Double {
        let padded = (depth / Double(EK_DEPTH)).rounded(.up) * Double(EK_DEPTH)
        return rows * padded * (1 / 2 + 1 / Double(EK_GROUP))
    }

    /// The numbers of `SequenceState`.
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

    /// The numbers of `AttentionMixer` and its `Attention`.
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

    /// The numbers of `ShortConvolutionMixer`.
    private var convolution: Double {
        shape.layers.contains { $0.shortConvolution != nil } ? batch * 5 * Double(shape.embeddingLength) : 0
    }

    /// The numbers of `GatedDeltaMixer`.
    private var delta: Double {
        let shapes = shape.layers.compactMap(\.gatedDelta)
        func most(_ count: (GatedDeltaShape) -> Int) -> Double { Double(shapes.map(count).max() ?? 0) }
        return batch * (2 * most(\.channels) + 2 * most(\.valueWidth) + 2 * most(\.valueHeadCount))
    }

    /// The numbers of `StateSpaceMixer`.
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

    /// The numbers of `DenseNetwork`, `ExpertNetwork` and `BothNetworks`.
    private var network: Double {
        let width = Double(shape.embeddingLength)
        let experts = shape.experts.map { Double($0.count) + 3 * width } ?? 0
        let hasBoth = shape.layers.contains { if case .both = $0.network { true } else { false } }
        return batch * (2 * Double(shape.widestNetwork) + experts + (hasBoth ? 3 * width : 0))
    }

    /// The numbers of `LayerEmbedding`.
    private var layerInputs: Double {
        let length = Double(shape.layerInputLength)
        guard length > 0 else { return 0 }
        let all = Double(shape.layers.count) * length
        return batch * (all + length + Double(shape.embeddingLength)) + threads * all
    }

    /// The numbers of `HiddenStreams`.
    private var streams: Double {
        guard let streams = shape.streams else { return 0 }
        let (count, width) = (Double(streams.count), Double(shape.embeddingLength))
        return batch * (2 * count * width + 2 * width + Double(streams.detourRank) + count + count * count)
    }

    /// The numbers of `GradientTools` and `AttentionGradient`.
    private var gradientTools: Double {
        let (panel, most) = (Double(panelWidth), Double(ReturnProduct.mostRows))
        let slab = max(Double(ReturnProduct.slabCount), panel * Double(shape.widestMatrix))
        let returning = slab + Self.coded(context, most) + threads * panel * (most + context)
        let blocks = shape.attentions.isEmpty ? 0 : 4 * Double(Attention.blockRows) * context
        return product(context) + returning + threads * (blocks + context * panel)
    }

    /// The approximate numbers that one layer needs per token for its own gradients.
    private var layerNumbers: Double {
        let mixed = shape.attentions.map { ($0.headCount + 2 * $0.keyValueHeadCount) * $0.keyLength }.max() ?? 0
        return 4 * Double(mixed) + 6 * Double(shape.widestNetwork) + 8 * Double(shape.stateWidth)
    }
}
