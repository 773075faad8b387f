import Quantization
import TestSupport
import Testing

@Suite struct TensorRoleTests {
    @Test(
        arguments: [
            ("output.weight", .output), ("token_embd.weight", .tokenEmbedding),
            ("per_layer_token_embd.weight", .tokenEmbedding), ("blk.0.attn_qkv.weight", .attentionQKV),
            ("blk.1.attn_kv_b.weight", .attentionKVB), ("blk.2.attn_v.weight", .attentionV),
            ("blk.3.attn_k.weight", .attentionK), ("blk.4.attn_q.weight", .attentionQ),
            ("blk.5.attn_output.weight", .attentionOutput), ("blk.6.ffn_up.weight", .ffnUp),
            ("blk.6.ffn_up_exps.weight", .ffnUp), ("blk.7.ffn_gate.weight", .ffnGate),
            ("blk.8.ffn_down_exps.weight", .ffnDown), ("blk.9.ffn_down.3.weight", .ffnDown),
            ("blk.0.attn_norm.weight", .other), ("blk.0.attn_v.bias", .other), ("output_norm.weight", .other),
            ("v.blk.0.attn_v.weight", .attentionV), ("output.bias", .other), ("", .other),
        ] as [(String, TensorRole)]
    )
    func namesTellRoles(_ name: String, _ role: TensorRole) {
        #expect(TensorRole(name: name) == role)
    }

    @Test func threeRolesCarryValues() {
        let carriers: [TensorRole] = [.attentionV, .attentionQKV, .attentionKVB]
        #expect(carriers.allSatisfy { $0.carriesValues })
        let others: [TensorRole] = [
            .output, .tokenEmbedding, .attentionK, .attentionQ, .attentionOutput, .ffnUp, .ffnGate, .ffnDown, .other,
        ]
        #expect(!others.contains { $0.carriesValues })
    }

    @Test(
        arguments: [
            ("blk.0.attn_v.weight", 0), ("blk.17.x", 17), ("blk.", nil), ("blk.x.y", nil), ("v.blk.3.x", nil),
            ("output.weight", nil), ("blk.99999999999999999999.x", nil), ("blk.-1.x", nil),
        ] as [(String, Int?)]
    )
    func layersAreReadFromNames(_ name: String, _ layer: Int?) {
        #expect(layerIndex(of: name) == layer)
    }

    @Test func filesBeginWithWhatIsOutsideLayersAndGoOnByNumberThenByBytes() {
        let expected = [
            "output.weight", "output_norm.weight", "token_embd.weight", "blk.0.attn_norm.weight", "blk.0.ffn_up.weight",
            "blk.2.attn_k.weight", "blk.2.attn_q.weight", "blk.10.attn_k.weight", "blk.10.ffn_Up.weight",
            "blk.10.ffn_up.weight",
        ]
        var random = SeededRandom.printed()
        for _ in 0..<20 {
            #expect(expected.shuffled(using: &random).sorted(by: precedesInFile) == expected)
        }
    }
}
