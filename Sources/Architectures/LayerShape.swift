import GGUF

/// The parts of one layer.
public struct LayerShape: Sendable, Equatable {
    /// The mixer, which comes first.
    public let mixer: Mixer
    /// The network, which follows.
    public let network: Network
    /// The norms of both.
    public let norms: NormRule
    /// Elements of the embedding that a token has for this layer only; 0 for none.
    public let inputLength: Int
    /// Whether a learned factor may scale the layer's output.
    public let mayBeScaled: Bool

    /// The layer's attention; nil if it has none.
    public var attention: AttentionShape? {
        switch mixer {
        case .attention(let attention), .attentionAndStateSpace(let attention, _): attention
        default: nil
        }
    }

    /// Width of the dense network; nil if there is none.
    public var denseLength: Int? {
        switch network {
        case .dense(let network), .both(let network, _): network.length
        case .experts, .absent: nil
        }
    }

    /// The layer's convolution; nil if it has none.
    public var shortConvolution: ShortConvolutionShape? {
        if case .shortConvolution(let convolution) = mixer { convolution } else { nil }
    }

    /// The layer's gated delta rule; nil if it has none.
    public var gatedDelta: GatedDeltaShape? {
        if case .gatedDelta(let delta) = mixer { delta } else { nil }
    }

    /// The layer's state space; nil if it has none.
    public var stateSpace: StateSpaceShape? {
        switch mixer {
        case .stateSpace(let space), .attentionAndStateSpace(_, let space): space
        default: nil
        }
    }
}

extension LayerShape {
    /// Reads the shapes of all layers.
    /// - Parameters:
    ///   - heads: the number of query heads of each layer.
    ///   - headLengths: the lengths of a head's key and value, in elements.
    ///   - lengths: the width of each layer's network without experts.
    ///   - allCount: the number of layers in the file, including those that are not run.
    static func all(
        _ keys: ShapeReader,
        _ family: Family,
        width: Int,
        heads: [Int],
        headLengths: HeadLengths,
        lengths: [Int],
        experts: ExpertShape?,
        allCount: Int
    ) throws -> [LayerShape] {
        let mayLackKeys = family.hasConvolutions || family.stateSpaces.map { $0 != .besideAttention } ?? false
        let least = family.isInFull && !mayLackKeys ? 1 : 0
        let listed = try keys.perLayer("attention.head_count_kv", count: allCount, from: least)
        let keyHeads = listed.map { Array($0.prefix(heads.count)) } ?? heads
        let delta = family.hasGatedDeltas ? try GatedDeltaShape(keys) : nil
        let space = try family.stateSpaces.map { _ in try StateSpaceShape(keys) }
        let recurs =
            family.hasGatedDeltas
            ? try GatedDeltaShape.layers(keys, count: heads.count, of: allCount) : heads.map { _ in false }
        let seesBothWays = try family.seesBothWays || keys.metadata.bool(keys.key("attention.causal")) == false
        let windows = try family.windows?.windows(keys, count: heads.count) ?? heads.map { _ in nil }
        let positions = try PositionRule.all(keys, family, windows: windows)
        let sources = try SharedLayers(keys, family, windows: windows).sources
        let inputLength = try LayerShape.inputLength(keys, family, count: heads.count)
        // Each layer may have an activation with learned parameters.
        let activations: [Activation]? =
            if case .plainXIELU = family.activation {
                try XIELU.all(keys, count: heads.count).map(Activation.plainXIELU)
            } else {
                nil
            }
        let convolution = keyHeads.contains(0) ? try shortConvolution(keys, family, width: width) : nil
        return try heads.indices.map { index in
            let (headCount, keyHeadCount) = (heads[index], keyHeads[index])
            guard !family.isInFull || keyHeadCount == 0 || headCount.isMultiple(of: keyHeadCount) else {
                throw keys.bad("attention.head_count_kv", keyHeadCount, "a divisor of the head count \(headCount)")
            }
            let lengthsOfHead = headLengths.inLayer(window: windows[index])
            let attention = AttentionShape(
                headCount: headCount,
                keyValueHeadCount: keyHeadCount,
                keyLength: lengthsOfHead.key,
                valueLength: lengthsOfHead.value,
                window: windows[index],
                seesBothWays: seesBothWays,
                positions: positions[index],
                headNorm: family.headNorm,
                normalizesValues: family.normalizesValues,
                mayTakeKeysForValues: family.mayTakeKeysForValues,
                gatesOutput: family.gatesAttention,
                hasSinks: family.hasSinks,
                source: sources[index]
            )
            // The quantile that 95 % are below, as in llama.cpp.
            let sparse: Activation? =
                index < family.sparseLayers ? .gatedSparseGELU(deviations: 1.6448533535003662) : nil
            let dense = DenseShape(length: lengths[index], family, activation: activations?[index] ?? sparse)
            let own = experts.flatMap { index >= $0.denseLayerCount ? $0 : nil }
            let other = space.map(Mixer.stateSpace) ?? convolution.map(Mixer.shortConvolution) ?? .unlisted
            var mixer: Mixer =
                recurs[index]
                ? delta.map(Mixer.gatedDelta) ?? .unlisted : keyHeadCount > 0 ? .attention(attention) : other
            if family.stateSpaces == .besideAttention, let space { mixer = .attentionAndStateSpace(attention, space) }
            var network = Network(experts: own, dense: dense, family)
            if family.stateSpaces == .aloneWithoutKeys {
                if lengths[index] == 0 { network = .absent } else { mixer = .absent }
            }
            return LayerShape(
                mixer: mixer,
                network: network,
                norms: NormRule(family, isAlone: mixer == .absent),
                inputLength: inputLength,
                mayBeScaled: family.mayScaleLayers
            )
        }
    }

    /// Elements of the embedding that a token has for each layer; 0 for none.
    private static func inputLength(_ keys: ShapeReader, _ family: Family, count: Int) throws -> Int {
        guard family.hasLayerInputs else { return 0 }
        let length = try keys.whole(inputLengthKey, from: 0) ?? 0
        let (all, overflow) = length.multipliedReportingOverflow(by: count)
        guard !overflow, all <= ShapeReader.largest else {
            throw keys.bad(inputLengthKey, length, "at most \(ShapeReader.largest / count) for \(count) layers")
        }
        return length
    }

    private static let inputLengthKey = "embedding_length_per_layer_input"

    /// The convolution of layers without keys.
    private static func shortConvolution(
        _ keys: ShapeReader,
        _ family: Family,
        width: Int
    ) throws -> ShortConvolutionShape? {
        let name = "shortconv.l_cache"
        let found = family.hasConvolutions ? try keys.requiredPositive(name) : try keys.positive(name)
        guard let length = found else { return nil }
        guard length <= 64 else { throw keys.bad(name, length, "at most 64") }
        return ShortConvolutionShape(width: width, length: length)
    }
}
