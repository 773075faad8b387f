import Architectures
import Testing

/// What the choice of types is told of families; the mixes themselves are held by TypeMixTests.
@Suite struct StorageRuleTests {
    @Test func theSeventyBillionClassIsToldByLayersAndHeads() {
        func isSo(_ name: String, _ layers: Int, _ keyValueHeads: Int) -> Bool {
            Architecture(named: name).storage.isSeventyBillion(layers: layers, heads: 64, keyValueHeads: keyValueHeads)
        }
        #expect(isSo("llama", 80, 8) && !isSo("llama", 80, 64) && !isSo("llama", 79, 8))
        #expect(["qwen2", "deci", "olmo"].allSatisfy { isSo($0, 80, 64) } && isSo("jais2", 68, 64))
        #expect(!isSo("gemma", 80, 8) && !isSo("somebodys", 80, 8))
    }

    @Test func someTensorsOfTheNextGLMKeepMoreBits() {
        let (rule, others) = (Architecture(named: "glm5-next").storage, Architecture(named: "glm4").storage)
        for name in ["blk.0.attn_k_b.weight", "blk.2.hc_attn_fn.weight"] {
            #expect(rule.leavesAlone(name) && !others.leavesAlone(name))
        }
        #expect(rule.keepsEightBits("blk.0.attn_q_a.weight") && !rule.keepsEightBits("blk.0.attn_q.weight"))
        #expect(!others.keepsEightBits("blk.0.attn_q_a.weight"))
    }
}
