import DeviceFit

/// Shapes of models whose runs were logged on phones (key P of docs/device-fit.md).
enum SampleModels {
    static let mebibyte = 1_048_576

    static func model(
        _ architecture: String,
        billions: Double = 1.5,
        layers: [ModelProfile.LayerGroup],
        embedding: Int,
        vocabulary: Int,
        weightBytes: Int = 900_000_000,
        types: [String: Int]? = nil,
        embeddingBytes: Int = 0,
        isTied: Bool = false,
        quantType: String = "Q4_0"
    ) -> ModelProfile {
        ModelProfile(
            architecture: architecture,
            parameterCount: Int(billions * 1e9),
            weightBytes: weightBytes,
            weightBytesByType: types ?? ["Q4_0": weightBytes],
            tokenEmbeddingBytes: embeddingBytes,
            isEmbeddingTied: isTied,
            layers: layers,
            embeddingLength: embedding,
            vocabularySize: vocabulary,
            feedForwardLength: 4 * embedding,
            headCount: 16,
            contextLength: 32768,
            quantType: quantType
        )
    }

    /// With the sizes of the log: 863.3 MiB on the engine's side, of which 182.6 MiB are the tied embedding.
    static let qwen25 = model(
        "qwen2",
        billions: 1.54,
        layers: [.init(count: 28, kvHeads: 2, keyLength: 128, valueLength: 128)],
        embedding: 1536,
        vocabulary: 151_936,
        weightBytes: 905_235_660,
        embeddingBytes: 191_469_978,
        isTied: true
    )
    static let qwen3 = model(
        "qwen3",
        billions: 1.72,
        layers: [.init(count: 28, kvHeads: 8, keyLength: 128, valueLength: 128)],
        embedding: 2048,
        vocabulary: 151_936
    )
    static let phi35 = model(
        "phi3",
        billions: 3.82,
        layers: [.init(count: 32, kvHeads: 32, keyLength: 96, valueLength: 96)],
        embedding: 3072,
        vocabulary: 32_064,
        weightBytes: 2_170_000_000
    )
    static let phi4Mini = model(
        "phi3",
        billions: 3.84,
        layers: [.init(count: 32, kvHeads: 8, keyLength: 128, valueLength: 128)],
        embedding: 3072,
        vocabulary: 200_064
    )
    static let smolLM2 = model(
        "llama",
        billions: 1.71,
        layers: [.init(count: 24, kvHeads: 32, keyLength: 64, valueLength: 64)],
        embedding: 2048,
        vocabulary: 49_152
    )
    static let lfm25 = model(
        "lfm2",
        billions: 1.17,
        layers: [
            .init(count: 10, kvHeads: 0, keyLength: 0, valueLength: 0),
            .init(count: 6, kvHeads: 8, keyLength: 64, valueLength: 64),
        ],
        embedding: 2048,
        vocabulary: 65_536
    )
    static let gemma3 = model(
        "gemma3",
        billions: 1,
        layers: [
            .init(count: 22, kvHeads: 1, keyLength: 256, valueLength: 256, slidingWindow: 512),
            .init(count: 4, kvHeads: 1, keyLength: 256, valueLength: 256),
        ],
        embedding: 1152,
        vocabulary: 262_144
    )
}
