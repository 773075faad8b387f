import Conversion
import DeviceFit
import GGUF
import Quantization
import SystemPackage
import TestSupport
import Testing

/// Counted by hand from models/tiny-phi3/config.json: 4 layers, 256 wide, 768 hidden, 8 heads, 3072 tokens.
@Suite struct ModelProfileGGUFTests {
    private static let matrices = 2 * 3072 * 256 + 4 * (256 * 768 + 256 * 256 + 256 * 1536 + 768 * 256)
    private static let norms = 9 * 256

    @Test func theTinyModelsHeaderGivesItsProfile() throws {
        let models = try TinyModels()
        let profile = try ModelProfile(try GGUFFile(path: try models.converted(.f16)), quantType: "F16")
        let layers = ModelProfile.LayerGroup(count: 4, kvHeads: 8, keyLength: 32, valueLength: 32)
        var expected =
            ModelProfile(
                architecture: "phi3",
                parameterCount: Self.matrices + Self.norms,
                weightBytes: 2 * Self.matrices + 4 * Self.norms,
                weightBytesByType: ["F16": 2 * Self.matrices, "F32": 4 * Self.norms],
                tokenEmbeddingBytes: 2 * 3072 * 256,
                isEmbeddingTied: false,
                layers: [layers],
                embeddingLength: 256,
                vocabularySize: 3072,
                feedForwardLength: 768,
                headCount: 8,
                contextLength: 2048,
                quantType: "F16",
                chat: .init(hasTemplate: true, endTokens: ["<|endoftext|>"]),
                graph: .init(network: .gatedInOne, fusesQKV: true),
                tokenEmbeddingType: "F16"
            )
        expected.layerBytesByType = ["F16": 2 * (Self.matrices - 2 * 3072 * 256), "F32": 4 * Self.norms]
        #expect(profile == expected)
        #expect(Self.matrices + Self.norms == 4_983_040, "what the converter counts")
    }

    @Test func aQuantizedModelDiffersInItsBytesOnly() throws {
        let models = try TinyModels()
        let source = try GGUFFile(path: try models.converted(.f16))
        let path = try models.quantized(.q8_0, from: source)
        var profile = try ModelProfile(try GGUFFile(path: path), quantType: "Q8_0")
        // 34 bytes hold 32 weights.
        #expect(profile.weightBytesByType == ["Q8_0": Self.matrices / 32 * 34, "F32": 4 * Self.norms])
        #expect(profile.weightBytes == Self.matrices / 32 * 34 + 4 * Self.norms)
        #expect(profile.tokenEmbeddingBytes == 3072 * 256 / 32 * 34)
        let original = try ModelProfile(source, quantType: "F16")
        profile.weightBytes = original.weightBytes
        profile.weightBytesByType = original.weightBytesByType
        profile.tokenEmbeddingBytes = original.tokenEmbeddingBytes
        profile.layerBytesByType = original.layerBytesByType
        profile.quantType = original.quantType
        profile.tokenEmbeddingType = original.tokenEmbeddingType
        #expect(profile == original)
    }

    /// Files of a few values, of which only the header is read.
    private func profile(_ architecture: String, _ values: [String: MetadataValue]) throws -> ModelProfile {
        let scratch = try ScratchFolder()
        var metadata = Metadata()
        metadata.set("general.architecture", .string(architecture))
        let common: [String: MetadataValue] = [
            "block_count": .uint32(6), "embedding_length": .uint32(64), "context_length": .uint32(1024),
            "attention.head_count": .uint32(4), "feed_forward_length": .uint32(128),
        ]
        for (key, value) in common.merging(values, uniquingKeysWith: { $1 }) {
            metadata.set("\(architecture).\(key)", value)
        }
        let path = scratch.path.appending("model.gguf")
        try SyntheticModel(hyperparameters: metadata, vocabulary: Metadata(), seed: 1).write(to: path)
        return try ModelProfile(try GGUFFile(path: path), quantType: "F32")
    }

    /// Every other layer of Gemma 2 looks back without a window, and every sixth of Gemma 3; Phi-3's window changes no cache.
    @Test(arguments: [
        ("gemma2", [512, nil, 512, nil, 512, nil]), ("gemma3", [512, 512, 512, 512, 512, nil]),
        ("phi3", [nil, nil, nil, nil, nil, nil]), ("qwen2", [nil, nil, nil, nil, nil, nil]),
        ("lfm2", [512, 512, 512, 512, 512, 512]),
    ])
    func onlyLayersWithAWindowKeepLess(_ architecture: String, _ expected: [Int?]) throws {
        let profile = try profile(architecture, ["attention.sliding_window": .uint32(512)])
        let found = profile.layers.flatMap { Array(repeating: $0.slidingWindow, count: $0.count) }
        #expect(found == expected)
    }

    @Test func aPatternThatTheFileSpellsOutIsFollowed() throws {
        let flags = [true, false, false, true, true, false]
        let profile = try profile(
            "olmo2",
            ["attention.sliding_window": .uint32(512), "attention.sliding_window_pattern": .array(.bool(flags))]
        )
        let found = profile.layers.flatMap { Array(repeating: $0.slidingWindow != nil, count: $0.count) }
        #expect(found == flags)
    }

    /// Latent attention keeps one row of 512 + 64 numbers a token and no values.
    @Test func latentAttentionKeepsNoValues() throws {
        let profile = try profile(
            "deepseek2",
            [
                "attention.head_count_kv": .uint32(1), "attention.key_length": .uint32(576),
                "attention.value_length": .uint32(512), "attention.key_length_mla": .uint32(192),
                "attention.value_length_mla": .uint32(128),
            ]
        )
        #expect(profile.layers == [.init(count: 6, kvHeads: 1, keyLength: 576, valueLength: 0)])
    }

    /// Layers without heads remember two tokens of a convolution that sees three.
    @Test func convolutionsKeepAConstantState() throws {
        let heads: [UInt32] = [0, 0, 2, 0, 2, 0]
        let profile = try profile(
            "lfm2",
            ["attention.head_count_kv": .array(.uint32(heads)), "shortconv.l_cache": .uint32(3)]
        )
        let found = profile.layers.flatMap { Array(repeating: $0.stateBytes, count: $0.count) }
        #expect(found == heads.map { $0 == 0 ? 2 * 64 * 4 : 0 })
    }
}
