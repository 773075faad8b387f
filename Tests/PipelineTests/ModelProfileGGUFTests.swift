import Conversion
import DeviceFit
import GGUF
import Quantization
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
        #expect(
            profile
                == ModelProfile(
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
                    chat: .init(hasTemplate: true, endTokens: ["<|endoftext|>"])
                )
        )
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
        profile.quantType = original.quantType
        #expect(profile == original)
    }
}
