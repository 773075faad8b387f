import GGUF
import Quantization
import Tensors
import Testing

@Suite struct ModelFactsTests {
    @Test(arguments: ["general.architecture", "llama.block_count"])
    func whatEveryModelHasIsRequired(_ key: String) {
        var metadata = metadata("llama", layers: 2)
        metadata.remove(key)
        #expect(throws: GGUFProblem.missingKey(key)) { try ModelFacts(metadata) }
    }

    @Test(arguments: [.uint64(1 << 62), .int64(-1), .uint64(.max), .float32(2), .string("2")] as [MetadataValue])
    func aLayerCountThatIsNoneIsRefused(_ value: MetadataValue) {
        var metadata = metadata("llama", layers: 2)
        metadata.set("llama.block_count", value)
        #expect(throws: GGUFProblem.self) { try ModelFacts(metadata) }
    }

    /// The 70-billion class by architecture, layers and heads: its value tensors never go below five bits.
    @Test(arguments: [
        ("llama", 80, 8, true), ("llama", 80, 64, false), ("llama", 79, 8, false), ("qwen2", 80, 64, true),
        ("jais2", 68, 64, true), ("gemma", 80, 8, false),
    ])
    func seventyBillionIsRecognized(_ architecture: String, _ layers: Int, _ keyValueHeads: Int, _ isSo: Bool) throws {
        let facts = metadata(architecture, layers: layers, heads: 64, keyValueHeads: keyValueHeads)
        let found = try choices(.q2_K, facts, [tensor("blk.0.attn_v.weight")])["blk.0.attn_v.weight"]?.type
        #expect(found == (isSo ? .q5_K : keyValueHeads <= 16 ? .q4_K : .q3_K))
    }

    @Test func headsMayBeGivenLayerByLayerOrNotAtAll() throws {
        var facts = metadata("llama", layers: 2, heads: 8, keyValueHeads: nil)
        let name = "blk.0.attn_v.weight"
        #expect(try choices(.q2_K, facts, [tensor(name)])[name]?.type == .q3_K)
        facts.set("llama.attention.head_count_kv", .array(.int32([2, 8])))
        #expect(try choices(.q2_K, facts, [tensor(name)])[name]?.type == .q4_K)
        facts.set("llama.attention.head_count_kv", .array(.int32([])))
        #expect(try choices(.q2_K, facts, [tensor(name)])[name]?.type == .q3_K)
        facts.set("llama.attention.head_count_kv", .uint32(0))
        #expect(try choices(.q2_K, facts, [tensor(name)])[name]?.type == .q3_K)
    }
}
