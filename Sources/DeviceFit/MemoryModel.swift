import Tensors

/// Peak memory of llama.cpp by its parts.
enum MemoryModel {
    /// [LC; §3] The cache is allocated in whole blocks of this many cells.
    static let cellBlock = 256
    /// [J baselines, estimate; §3] The runtime and an app around it, in bytes.
    static let overhead = ByteRange(
        low: 100_000_000,
        mid: 175_000_000,
        high: 250_000_000,
        source: "J baselines, estimate §3"
    )
    /// [P; §3] The compute buffer holds logits and a few rows of the embedding's width: between two (small models) and six.
    static let embeddingRows = (low: 2, mid: 4, high: 6)

    static func estimate(
        _ profile: ModelProfile,
        _ platform: Platform,
        context: Int,
        kvType: TensorType,
        batch: Int
    ) -> MemoryEstimate {
        MemoryEstimate(
            weights: weights(profile, platform),
            kvCache: .exactly(kvBytes(profile, context: context, type: kvType, batch: batch), source: "LC, P §3"),
            computeBuffer: computeBuffer(profile, batch: min(batch, padded(context))),
            runtimeOverhead: overhead
        )
    }

    /// [LC `llama-kv-cache-iswa.cpp`; §3] Sums cells x (key + value) over the layers; a sliding-window layer keeps its
    /// window and one batch. Exact for the logged models.
    static func kvBytes(_ profile: ModelProfile, context: Int, type: TensorType, batch: Int) -> Int {
        let block = type.block
        return profile.layers.reduce(0) { sum, layer in
            var cells = padded(context)
            if let window = layer.slidingWindow { cells = min(cells, padded(window + batch)) }
            let elements = cells * layer.kvHeads * (layer.keyLength + layer.valueLength)
            let bytes = (elements + block.elements - 1) / block.elements * block.bytes
            return sum + layer.count * (bytes + layer.stateBytes)
        }
    }

    /// [P; §3] With flash attention, which the mobile engines switch on.
    static func computeBuffer(_ profile: ModelProfile, batch: Int) -> ByteRange {
        func bytes(_ rows: Int) -> Int { 4 * batch * (profile.vocabularySize + rows * profile.embeddingLength) }
        return ByteRange(
            low: bytes(embeddingRows.low),
            mid: bytes(embeddingRows.mid),
            high: bytes(embeddingRows.high),
            source: "P §3"
        )
    }

    /// What of the weights counts against the app.
    ///
    /// The middle counts all of them, as with memory mapping off, which is how the limits of §2.2 were measured. With mapping
    /// on, iOS does not count clean pages (low: nothing), and Android can take them back (low: what was repacked, which it
    /// cannot). A tied embedding is held twice where layers are repacked or offloaded.
    static func weights(_ profile: ModelProfile, _ platform: Platform) -> ByteRange {
        let repacked = profile.weightBytesByType.reduce(0) { sum, part in
            sum + (FormatFactors.repackedTensorTypes.contains(part.key.uppercased()) ? part.value : 0)
        }
        let duplicate = profile.isEmbeddingTied ? profile.tokenEmbeddingBytes : 0
        let all = profile.weightBytes
        switch platform {
        case .ios:
            return ByteRange(low: 0, mid: all, high: all + duplicate, source: "P, J §2.1")
        case .android:
            let copied = repacked > 0 ? duplicate : 0
            return ByteRange(low: min(repacked, all), mid: all + copied, high: all + duplicate, source: "P §2.2, §3")
        }
    }

    private static func padded(_ count: Int) -> Int { (count + cellBlock - 1) / cellBlock * cellBlock }
}
