import DeviceFit

/// Shapes of models whose runs were logged on phones (key P of docs/device-fit.md).
enum SampleModels {
    static let mebibyte = 1_048_576

    static func model(
        _ architecture: String,
        billions: Double = 1.5,
        layers: [ModelProfile.LayerGroup],
        embedding: Int,
        hidden: Int? = nil,
        heads: Int = 16,
        vocabulary: Int,
        weightBytes: Int = 900_000_000,
        types: [String: Int]? = nil,
        embeddingBytes: Int = 0,
        embeddingType: String? = nil,
        isTied: Bool = false,
        quantType: String = "Q4_0",
        experts: ModelProfile.Experts? = nil,
        graph: ModelProfile.Graph? = nil
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
            feedForwardLength: hidden ?? 4 * embedding,
            headCount: heads,
            contextLength: 32768,
            quantType: quantType,
            experts: experts,
            graph: graph,
            tokenEmbeddingType: embeddingType
        )
    }

    /// With the sizes of the log: 863.3 MiB on the engine's side, of which 182.6 MiB are the tied embedding.
    static let qwen25 = model(
        "qwen2",
        billions: 1.54,
        layers: [.init(count: 28, kvHeads: 2, keyLength: 128, valueLength: 128)],
        embedding: 1536,
        hidden: 8960,
        heads: 12,
        vocabulary: 151_936,
        weightBytes: 905_235_660,
        types: ["Q4_0": 713_765_682, "Q6_K": 191_469_978],
        embeddingBytes: 191_469_978,
        embeddingType: "Q6_K",
        isTied: true
    )
    static let qwen3 = model(
        "qwen3",
        billions: 1.72,
        layers: [.init(count: 28, kvHeads: 8, keyLength: 128, valueLength: 128)],
        embedding: 2048,
        hidden: 6144,
        heads: 16,
        vocabulary: 151_936
    )
    static let phi35 = model(
        "phi3",
        billions: 3.82,
        layers: [.init(count: 32, kvHeads: 32, keyLength: 96, valueLength: 96)],
        embedding: 3072,
        hidden: 8192,
        heads: 32,
        vocabulary: 32_064,
        weightBytes: 2_170_000_000
    )
    static let phi4Mini = model(
        "phi3",
        billions: 3.84,
        layers: [.init(count: 32, kvHeads: 8, keyLength: 128, valueLength: 128)],
        embedding: 3072,
        hidden: 8192,
        heads: 24,
        vocabulary: 200_064
    )
    static let smolLM2 = model(
        "llama",
        billions: 1.71,
        layers: [.init(count: 24, kvHeads: 32, keyLength: 64, valueLength: 64)],
        embedding: 2048,
        hidden: 8192,
        heads: 32,
        vocabulary: 49_152
    )
    static let lfm25 = model(
        "lfm2",
        billions: 1.17,
        layers: [0, 0, 8, 0, 0, 8, 0, 0, 8, 0, 8, 0, 8, 0, 8, 0].map { heads in
            .init(count: 1, kvHeads: heads, keyLength: 64, valueLength: 64, stateBytes: heads == 0 ? 2 * 2048 * 4 : 0)
        },
        embedding: 2048,
        hidden: 8192,
        heads: 32,
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
        hidden: 6912,
        heads: 4,
        vocabulary: 262_144
    )

    // Shapes from the models' own configurations, for buffers that llama.cpp printed.

    static let llama3 = model(
        "llama",
        layers: [.init(count: 32, kvHeads: 8, keyLength: 128, valueLength: 128)],
        embedding: 4096,
        hidden: 14336,
        heads: 32,
        vocabulary: 128_256
    )
    static let gemma2 = model(
        "gemma2",
        layers: [
            .init(count: 1, kvHeads: 4, keyLength: 256, valueLength: 256, slidingWindow: 4096),
            .init(count: 25, kvHeads: 4, keyLength: 256, valueLength: 256),
        ],
        embedding: 2304,
        hidden: 9216,
        heads: 8,
        vocabulary: 256_000
    )
    static let olmoe = model(
        "olmoe",
        layers: [.init(count: 16, kvHeads: 16, keyLength: 128, valueLength: 128)],
        embedding: 2048,
        hidden: 1024,
        heads: 16,
        vocabulary: 50_304,
        experts: .init(count: 64, used: 8),
        graph: .init(normalizesHeads: true, expertLength: 1024)
    )
    static let qwenMoE = model(
        "qwen2moe",
        layers: [.init(count: 24, kvHeads: 16, keyLength: 128, valueLength: 128)],
        embedding: 2048,
        hidden: 5632,
        heads: 16,
        vocabulary: 151_936,
        experts: .init(count: 60, used: 4),
        graph: .init(expertLength: 1408, sharedExpertLength: 5632)
    )
    static let gpt2 = model(
        "gpt2",
        layers: [.init(count: 48, kvHeads: 25, keyLength: 64, valueLength: 64)],
        embedding: 1600,
        hidden: 6400,
        heads: 25,
        vocabulary: 50_257,
        graph: .init(network: .plain, fusesQKV: true, turnsHeads: false, hasLayerNorm: true)
    )
}
