import Conversion
import GGUF
import Pipeline
import Quantization
import Steps
import SystemPackage
import Tensors
import TestSupport
import Testing

/// `role-types` of a `quantize` step.
@Suite struct RoleTypesTests {
    private func settings(_ more: String) throws -> QuantizeSettings {
        let text =
            WrongFile.head + """
                  - { id: f16, convert: { type: f16 } }
                  - { id: b, quantize: { model: f16, types: [q4_0], \(more) } }

                """
        return try #require(try definition(text).step("b")?.settings as? QuantizeSettings)
    }

    @Test func allTensorsOfARoleGetTheType() throws {
        let settings = try settings(
            "role-types: { attention-v: q6_k, ffn-down: Q8_0, output: q5_k, token-embedding: f16 }, tensor-types: { 'blk.1.ffn_down': q5_0 }"
        )
        let folder = try HuggingFaceFolder(path: Goldens.packageRoot.appending("models/tiny-phi3"))
        let model = ConvertedModel(try ConversionPlan(folder, options: ConversionOptions()), inputs: folder.inputs)
        let plan = try QuantizationPlan(model, as: .q4_0, options: settings.withRules(in: nil).options)
        let types = Dictionary(uniqueKeysWithValues: plan.tensors.map { ($0.target.name, $0.target.type) })
        #expect(types["token_embd.weight"] == .f16)
        #expect(types["blk.0.ffn_down.weight"] == .q8_0)
        // A rule for a name wins over that of its role.
        #expect(types["blk.1.ffn_down.weight"] == .q5_0)
        #expect(types["blk.0.ffn_up.weight"] == .q4_0)
    }

    @Test func whatIsSaidOfOneTensorWins() throws {
        let settings = try settings("role-types: { output: q5_k, token-embedding: q8_0 }, output-tensor-type: q6_k")
        #expect(settings.options.outputTensorType == .q6_K)
        #expect(settings.options.tokenEmbeddingType == .q8_0)
    }

    @Test(arguments: [
        (
            "role-types: { attention-vv: q6_k }",
            "6:67: 'role-types' has no setting 'attention-vv'. Did you mean 'attention-v'? Known here: token-embedding, output, "
                + "attention-q, attention-k, attention-v, attention-qkv, attention-kv-b, attention-output, ffn-gate, ffn-up, ffn-down."
        ),
        ("role-types: [q8_0]", "6:65: 'role-types' must be a mapping of settings, `key: value`."),
    ])
    func whatIsNoRoleIsRefused(_ more: String, _ problem: String) throws {
        let text =
            WrongFile.head
            + "  - { id: f16, convert: { type: f16 } }\n  - { id: b, quantize: { model: f16, types: [q4_0], \(more) } }\n"
        #expect(try diagnostics(of: text) == [problem])
    }

    @Test func aRoleIsKnownByItsName() {
        for (name, role) in [
            ("blk.3.attn_qkv.weight", TensorRole.attentionQKV), ("blk.0.ffn_gate_exps.weight", .ffnGate),
            ("blk.0.attn_k.weight", .attentionK), ("output.weight", .output), ("output_norm.weight", .other),
        ] {
            #expect(TensorRole(name: name) == role, "\(name)")
        }
    }
}
