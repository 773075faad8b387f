import Architectures
import Tensors

/// The peak memory of llama.cpp, by its parts.
enum MemoryModel {
    /// [LC] The cache is allocated in whole blocks of this many cells.
    static let cellBlock = 256
    /// [J baselines, estimate] The runtime and an app around it, in bytes.
    static let overhead = ByteRange(
        low: 100_000_000,
        mid: 175_000_000,
        high: 250_000_000,
        source: "J baselines, estimate"
    )
    /// [P] On phones' graphics processors the buffer was larger by up to this many rows of the embedding's width.
    static let embeddingRows = 4

    static func estimate(
        _ profile: ModelProfile,
        _ platform: Platform,
        context: Int,
        kvType: TensorType,
        batch: Int
    ) -> MemoryEstimate {
        MemoryEstimate(
            weights: weights(profile, platform),
            kvCache: .exactly(kvBytes(profile, context: context, type: kvType, batch: batch), source: "LC, P"),
            computeBuffer: computeBuffer(profile, context: context, kvType: kvType, batch: batch),
            runtimeOverhead: overhead,
            predictors: profile.predictorBytes
        )
    }

    /// [LC `llama-kv-cache-iswa.cpp`] Sums cells x (key + value) over the layers; a sliding-window layer keeps its
    /// window and one batch. Exact for the logged models.
    static func kvBytes(_ profile: ModelProfile, context: Int, type: TensorType, batch: Int) -> Int {
        guard Architecture(named: profile.architecture).keepsKeys else { return 0 }
        let block = type.block
        return profile.layers.reduce(0) { sum, layer in
            var cells = padded(context)
            if let window = layer.slidingWindow { cells = min(cells, padded(window + min(batch, cells))) }
            let kept = layer.readsOther == true ? 0 : layer.kvHeads
            let elements = cells * kept * (layer.keyLength + layer.valueLength)
            let bytes = (elements + block.elements - 1) / block.elements * block.bytes
            return sum + layer.count * (bytes + layer.stateBytes)
        }
    }

    /// [LC] Returns the memory that llama.cpp reserves on a CPU, exact to the byte for the compared models. A GPU's
    /// share is composed differently; its rows of activations are few compared with the logits.
    static func computeBuffer(_ profile: ModelProfile, context: Int, kvType: TensorType, batch: Int) -> ByteRange {
        let keepsKeys = Architecture(named: profile.architecture).keepsKeys
        // Without a cache, tokens see only those of their batch.
        let cells = keepsKeys ? padded(context) : min(batch, padded(context))
        let tokens = min(batch, cells)
        // Inputs that no layer reads, such as the mask of full attention if all layers have a window, take no memory.
        let window = profile.layers.lazy.compactMap(\.slidingWindow).first
        let isFull = window == nil || profile.layers.contains { $0.kvHeads > 0 && $0.slidingWindow == nil }
        let bytes = DecoderGraph.bytes(
            profile,
            batch: tokens,
            cells: (isFull ? cells : nil, window.map { keepsKeys ? min(cells, padded($0 + tokens)) : cells }),
            kvType: kvType
        )
        let rows = 4 * tokens * embeddingRows * profile.embeddingLength
        return ByteRange(low: bytes, mid: bytes, high: bytes + rows, source: "LC, P")
    }

    /// Returns the memory of the weights that counts against the app.
    ///
    /// The middle counts all weights, as without memory mapping, because the limits were measured that way. With
    /// mapping, iOS does not count clean pages (low: nothing), and Android can reclaim them (low: the repacked weights,
    /// which it cannot reclaim). A tied embedding is held twice if layers are offloaded or its type is repacked: rows
    /// are looked up in the original, and the copy is multiplied with.
    static func weights(_ profile: ModelProfile, _ platform: Platform) -> ByteRange {
        let repacked = profile.weightBytesByType.reduce(0) { sum, part in
            sum + (FormatFactors.repackedTensorTypes.contains(part.key.uppercased()) ? part.value : 0)
        }
        // Without an output layer, the embedding is only used for lookups.
        let isMultiplied = Architecture(named: profile.architecture).keepsKeys
        let duplicate = profile.isEmbeddingTied && isMultiplied ? profile.tokenEmbeddingBytes : 0
        let all = profile.weightBytes - (profile.predictorBytes ?? 0)
        switch platform {
        case .ios:
            return ByteRange(low: 0, mid: all, high: all + duplicate, source: "P, J")
        case .android:
            let isCopied =
                profile.tokenEmbeddingType.map { FormatFactors.isRepacked($0, rows: profile.vocabularySize) }
                ?? (repacked > 0)
            let copied = isCopied ? duplicate : 0
            return ByteRange(low: min(repacked, all), mid: all + copied, high: all + duplicate, source: "P")
        }
    }

    private static func padded(_ count: Int) -> Int { (count + cellBlock - 1) / cellBlock * cellBlock }
}
