import Conversion
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Embedding models and rerankers; scripts/compare-conversion.py compares them with the reference, byte by byte.
@Suite struct ModelPurposeTests {
    private let conversions: Conversions

    init() throws { conversions = try Conversions() }

    private func qwen3(_ name: String = "qwen3") throws -> SmallCheckpoint { try FamilyGolden(name).checkpoint() }

    private static let modules =
        #"[{"type":"sentence_transformers.models.Transformer","path":""},"#
        + #"{"type":"sentence_transformers.models.Pooling","path":"1_Pooling"}]"#

    private func files(_ pooling: String) -> [String: [UInt8]] {
        [
            "modules.json": Array(Self.modules.utf8),
            "1_Pooling/config.json": Array(pooling.utf8),
        ]
    }

    @Test(arguments: [
        (#"{"pooling_mode_mean_tokens":true}"#, 1), (#"{"pooling_mode_cls_token":true}"#, 2),
        (#"{"pooling_mode_lasttoken":true,"pooling_mode_mean_tokens":false}"#, 3),
        (#"{"pooling_mode":"lasttoken"}"#, 3),
    ])
    func theModulesSayHowTokensArePooled(_ settings: String, _ number: UInt32) throws {
        for (family, key) in [("qwen3", "qwen3"), ("qwen2", "qwen2")] {
            var checkpoint = try qwen3(family)
            checkpoint.files.merge(files(settings)) { $1 }
            #expect(try conversions.convert(checkpoint).metadata["\(key).pooling_type"] == .uint32(number))
        }
    }

    /// Only the families that the reference does it for.
    @Test func otherFamiliesHaveNoPooling() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.files.merge(files(#"{"pooling_mode_mean_tokens":true}"#)) { $1 }
        #expect(try conversions.convert(checkpoint).metadata["llama.pooling_type"] == nil)
    }

    @Test func poolingThatEnginesDoNotKnowIsRefused() throws {
        var checkpoint = try qwen3()
        checkpoint.files.merge(files(#"{"pooling_mode_max_tokens":true}"#)) { $1 }
        #expect(try Conversions().problem(checkpoint) != nil)
        checkpoint.files["1_Pooling/config.json"] = nil
        #expect(try Conversions().problem(checkpoint) == .missingFile("1_Pooling/config.json"))
        checkpoint.files["modules.json"] = Array(#"[{"type":"x.Pooling","path":"../other"}]"#.utf8)
        #expect(try Conversions().problem(checkpoint) != nil)
    }

    @Test func attentionBothWaysIsWritten() throws {
        var checkpoint = try qwen3()
        #expect(try conversions.convert(checkpoint).metadata["qwen3.attention.causal"] == nil)
        checkpoint.config["is_causal"] = "false"
        #expect(try conversions.convert(checkpoint).metadata["qwen3.attention.causal"] == .bool(false))
    }

    @Test func namesWithoutTheOuterModuleAreKnown() throws {
        var checkpoint = try qwen3()
        let whole = try conversions.convert(checkpoint).tensors.map(\.name).sorted()
        checkpoint.tensors.removeAll { $0.name == "lm_head.weight" }
        for index in checkpoint.tensors.indices {
            checkpoint.tensors[index].name.replace("model.", with: "", maxReplacements: 1)
        }
        let plain = try conversions.convert(checkpoint).tensors.map(\.name).sorted()
        #expect(plain == whole.filter { $0 != "output.weight" })
        checkpoint.config["architectures"] = #"["Qwen3Model"]"#
        #expect(try conversions.convert(checkpoint).tensors.map(\.name).sorted() == plain)
    }

    private func reranker(isTied: Bool) throws -> SmallCheckpoint {
        var checkpoint = try qwen3()
        checkpoint.tensors.removeAll { $0.name == "lm_head.weight" }
        let table = try #require(checkpoint.tensors.first { $0.name.contains("embed_tokens") })
        if !isTied { checkpoint.add("lm_head.weight", table.shape) }
        checkpoint.config["tie_word_embeddings"] = "\(isTied)"
        checkpoint.files["README.md"] = Array("Text\n# Qwen3-Reranker-0.6B\n".utf8)
        let text = String(decoding: try #require(checkpoint.files["tokenizer.json"]), as: UTF8.self)
        checkpoint.files["tokenizer.json"] = Array(
            text.replacing(#""a":0,"b":1,"ab":2"#, with: #""no":0,"yes":1,"a":2,"b":3,"ab":4"#).utf8
        )
        return checkpoint
    }

    @Test(arguments: [true, false])
    func aRerankerKeepsTwoRowsOfItsOutput(_ isTied: Bool) throws {
        let file = try conversions.convert(try reranker(isTied: isTied), .f32)
        #expect(file.metadata["qwen3.pooling_type"] == .uint32(4))
        #expect(file.metadata["qwen3.classifier.output_labels"] == .array(.string(["yes", "no"])))
        #expect(try file.metadata.string("tokenizer.chat_template.rerank")?.contains("<Document>: {document}") == true)
        #expect(file.tensor(named: "output.weight") == nil)
        let scores = try file.floats("cls.output.weight")
        #expect(file.tensor(named: "cls.output.weight")?.shape.dimensions.last == 2)
        guard isTied else { return }
        // Yes, the token 1, comes first.
        let (table, width) = (try file.floats("token_embd.weight"), scores.count / 2)
        #expect(scores == Array(table[width..<(2 * width)] + table[..<width]))
    }

    @Test func aRerankerWithoutItsTwoWordsIsRefused() throws {
        var checkpoint = try qwen3()
        checkpoint.files["README.md"] = Array("# Qwen3-Reranker-0.6B\n".utf8)
        let reason = "it has no token 'yes', by which a reranker judges"
        let folder = try checkpoint.write(into: conversions.folder)
        let error = #expect(throws: ConversionError.self) { _ = try HuggingFaceFolder(path: folder) }
        #expect(error?.problem == .invalidVocabulary(file: "tokenizer.json", reason: reason))
    }
}
