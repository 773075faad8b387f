import GGUF

/// What one layer is made of.
public struct LayerShape: Sendable, Equatable {
    /// What comes first.
    public let mixer: Mixer
    /// What follows.
    public let network: Network
    /// The norms around both.
    public let norms: NormRule

    /// The layer's attention; nil where it has another mixer.
    public var attention: AttentionShape? {
        if case .attention(let attention) = mixer { attention } else { nil }
    }

    /// The layer's convolution, likewise.
    public var shortConvolution: ShortConvolutionShape? {
        if case .shortConvolution(let convolution) = mixer { convolution } else { nil }
    }
}

extension LayerShape {
    /// Reads the shapes of all layers.
    /// - Parameters:
    ///   - heads: query heads of each layer.
    ///   - headLengths: elements of a head's key and of its value.
    ///   - lengths: the width of each layer's network if it has no experts.
    static func all(
        _ keys: ShapeReader,
        _ family: Family,
        width: Int,
        heads: [Int],
        headLengths: (key: Int, value: Int),
        lengths: [Int],
        experts: ExpertShape?
    ) throws -> [LayerShape] {
        let least = family.isInFull && !family.hasConvolutions ? 1 : 0
        let keyHeads = try keys.perLayer("attention.head_count_kv", count: heads.count, from: least) ?? heads
        let windows = try family.windows?.windows(keys, count: heads.count) ?? heads.map { _ in nil }
        let positions = try PositionRule.all(keys, family, windows: windows)
        // Each layer may have learned an activation of its own.
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
            let attention = AttentionShape(
                headCount: headCount,
                keyValueHeadCount: keyHeadCount,
                keyLength: headLengths.key,
                valueLength: headLengths.value,
                window: windows[index],
                positions: positions[index],
                headNorm: family.headNorm
            )
            let dense = DenseShape(length: lengths[index], family, activation: activations?[index])
            let own = experts.flatMap { index >= $0.denseLayerCount ? $0 : nil }
            return LayerShape(
                mixer: keyHeadCount > 0 ? .attention(attention) : convolution.map(Mixer.shortConvolution) ?? .unlisted,
                network: own.map(Network.experts) ?? .dense(dense),
                norms: NormRule(family)
            )
        }
    }

    /// Elements of one head's key and of its value.
    static func headLengths(
        _ keys: ShapeReader,
        _ family: Family,
        width: Int,
        heads: [Int]
    ) throws -> (key: Int, value: Int) {
        let least = family.isInFull ? 1 : 0
        let headCount = heads.first { $0 > 0 } ?? 1
        let key = try keys.whole("attention.key_length", from: least) ?? width / headCount
        guard key >= least else { throw keys.bad("attention.head_count", headCount, "at most the embedding length") }
        // Latent attention keeps one row a token, which serves as key and as value.
        if try keys.positive("attention.key_length_mla") != nil { return (key, 0) }
        return (key, try keys.whole("attention.value_length", from: least) ?? width / headCount)
    }

    /// What layers without keys do.
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
