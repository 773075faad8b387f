import Architectures
import GGUF
import Testing

/// What a model gives for a text as a whole.
@Suite struct TextOutputTests {
    private func shape(_ architecture: String, _ more: [(String, MetadataValue)]) throws -> ModelShape {
        var metadata = Metadata()
        metadata.set("general.architecture", .string(architecture))
        for (key, value) in [
            ("block_count", 6), ("embedding_length", 64), ("feed_forward_length", 96), ("attention.head_count", 4),
            ("attention.head_count_kv", 2), ("attention.key_length", 32), ("attention.value_length", 32),
            ("context_length", 512),
        ] {
            metadata.set("\(architecture).\(key)", .uint32(UInt32(value)))
        }
        metadata.set("tokenizer.ggml.token_type_count", .uint32(2))
        for (key, value) in more { metadata.set("\(architecture).\(key)", value) }
        return try ModelShape(metadata)
    }

    @Test func theFileSaysHowTokensArePooled() throws {
        for pooling in Pooling.allCases {
            let key = ("pooling_type", MetadataValue.uint32(UInt32(pooling.rawValue)))
            #expect(try shape("qwen3", [key]).text.pooling == pooling)
            #expect(Pooling(named: pooling.name) == pooling)
        }
        #expect(try shape("llama", []).text.pooling == nil)
        #expect(Pooling(named: "max") == nil)
    }

    @Test(arguments: [5, 255, -1])
    func aPoolingThatNobodyKnowsIsRefused(_ number: Int32) {
        #expect(throws: ShapeProblem.self) { try shape("qwen3", [("pooling_type", .int32(number))]) }
    }

    @Test func windowsOfThoseThatSeeBothWaysLieAroundAToken() throws {
        let gemma = try shape("gemma-embedding", [("attention.sliding_window", .uint32(8))])
        #expect(gemma.seesBothWays)
        let (local, full) = (gemma.attentions[0], gemma.attentions[5])
        #expect(local.seen(from: 10, of: 100) == 6..<15 && full.seen(from: 10, of: 100) == 0..<100)
        #expect(local.seen(from: 1, of: 4) == 0..<4)
        let causal = try shape("gemma3", [("attention.sliding_window", .uint32(8))]).attentions[0]
        #expect(causal.seen(from: 10, of: 100) == 3..<11)
    }

    @Test func aSwitchTurnsAttentionBothWays() throws {
        #expect(try shape("qwen3", [("attention.causal", .bool(false))]).seesBothWays)
        #expect(try !shape("qwen3", []).seesBothWays)
        #expect(try shape("bert", []).seesBothWays)
    }

    @Test func labelsCountTheScores() throws {
        let labels = ("classifier.output_labels", MetadataValue.array(.string(["yes", "no"])))
        #expect(try shape("qwen3", [labels]).text.scoreCount == 2)
        let many = ("classifier.output_labels", MetadataValue.array(.string(Array(repeating: "x", count: 65))))
        #expect(throws: ShapeProblem.self) { try shape("qwen3", [many]) }
    }

    @Test func matricesBehindThePoolingFitTheModel() throws {
        let fitting = [("dense_2_feat_in", MetadataValue.uint32(64)), ("dense_2_feat_out", .uint32(256))]
        let window = ("attention.sliding_window", MetadataValue.uint32(8))
        #expect(try shape("gemma-embedding", [window] + fitting).text.denseLengths.second == 256)
        let other = [("attention.sliding_window", MetadataValue.uint32(8)), ("dense_2_feat_in", .uint32(63))]
        #expect(throws: ShapeProblem.self) { try shape("gemma-embedding", other) }
    }
}
