import Tensors

/// The weights that a token is multiplied with, by the tensor type that stores them.
///
/// A file type's name only states its maker's intent: if rows are not a multiple of the block size, tensors have other
/// types, with other sizes and speeds.
struct TypeMixture {
    /// The weights of one type.
    struct Part {
        /// The GGUF name of the type: "Q4_K".
        let type: String
        let weights: Double
        let bytes: Double
    }

    let parts: [Part]

    init(parts: [Part]) { self.parts = parts }

    /// The number of all its weights.
    var weights: Double { parts.reduce(0) { $0 + $1.weights } }

    /// - Parameters:
    ///   - bytesByType: the bytes of the tensors, by type.
    ///   - wanted: the number of weights that they are scaled to.
    ///   - wantedBytes: the number of bytes that they are scaled to, without a number of weights.
    private init(_ bytesByType: [String: Double], weights wanted: Double? = nil, bytes wantedBytes: Double? = nil) {
        let parts = bytesByType.sorted { $0.key < $1.key }.compactMap { name, bytes -> Part? in
            guard bytes > 0, let block = TensorType(name: name)?.block else { return nil }
            return Part(type: name, weights: bytes * Double(block.elements) / Double(block.bytes), bytes: bytes)
        }
        let (weights, bytes) = parts.reduce((0, 0)) { ($0.0 + $1.weights, $0.1 + $1.bytes) }
        let scale = wanted.map { $0 / max(1, weights) } ?? wantedBytes.map { $0 / max(1, bytes) } ?? 1
        self.parts = parts.map { Part(type: $0.type, weights: $0.weights * scale, bytes: $0.bytes * scale) }
    }

    /// Returns the weights that one generated token reads.
    static func ofGenerating(_ profile: ModelProfile) -> TypeMixture {
        var bytes = profile.weightBytesByType.mapValues(Double.init)
        if !profile.isEmbeddingTied { bytes.take(profile.tokenEmbeddingBytes, of: profile.tokenEmbeddingType) }
        bytes.take(profile.perLayerEmbeddingBytes, of: profile.perLayerEmbeddingType ?? profile.tokenEmbeddingType)
        return TypeMixture(bytes, bytes: profile.bytesReadPerToken)
    }

    /// Returns the weights that each token of a prompt is multiplied with: the layers.
    static func ofPrompts(_ profile: ModelProfile) -> TypeMixture {
        let weights = profile.parametersReadByPrompts
        if let layers = profile.layerBytesByType {
            return TypeMixture(layers.mapValues(Double.init), weights: weights)
        }
        // Older registries do not store the output's type; it is assumed to be as large as the embedding and of type
        // Q6_K, as in most mixes.
        var bytes = profile.weightBytesByType.mapValues(Double.init)
        bytes.take(profile.tokenEmbeddingBytes, of: profile.tokenEmbeddingType)
        if !profile.isEmbeddingTied {
            let block = TensorType.q6_K.block
            bytes.take(profile.vocabularySize * profile.embeddingLength / block.elements * block.bytes, of: "Q6_K")
        }
        return TypeMixture(bytes, weights: weights)
    }

    /// Returns the share of the weights that satisfy a condition, 0 to 1.
    func share(where holds: (String) -> Bool) -> Double {
        parts.reduce(0) { $0 + (holds($1.type) ? $1.weights : 0) } / max(1, weights)
    }

    /// Returns the speed of the whole mixture, given a speed for each type: the harmonic mean.
    func speed(_ speed: (String) -> Double) -> Double {
        weights / max(1e-9, parts.reduce(0) { $0 + $1.weights / speed($1.type) })
    }
}

extension [String: Double] {
    fileprivate mutating func take(_ bytes: Int, of type: String?) {
        guard let type, let own = self[type] else { return }
        self[type] = Swift.max(0, own - Double(bytes))
    }
}
