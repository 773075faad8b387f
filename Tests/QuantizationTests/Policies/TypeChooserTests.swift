import GGUF
import Quantization
import Tensors
import Testing

@Suite struct TypeChooserTests {
    private let facts = metadata("llama", layers: 2)

    private func choice(
        _ name: String,
        _ fileType: FileType = .q4_K_M,
        _ shape: [Int] = [256, 2],
        beside others: [String] = ["output.weight"],
        _ change: (inout QuantizationOptions) -> Void = { _ in }
    ) throws -> TypeChooser.Choice {
        let tensors = try [tensor(name, .f16, shape)] + others.filter { $0 != name }.map { try tensor($0) }
        return try #require(try choices(fileType, facts, tensors, change)[name])
    }

    @Test(arguments: [
        "blk.0.attn_norm.weight", "blk.0.ffn_gate_inp.weight", "blk.0.ffn_up.bias", "position_embd.weight",
        "token_types.weight", "blk.0.ssm_conv1d.weight", "blk.0.attn_rel_b.weight", "rope_freqs",
    ])
    func someTensorsKeepTheirType(_ name: String) throws {
        let kept = try choice(name)
        #expect(kept.type == .f16 && kept.wanted == nil)
    }

    @Test(arguments: [[256], [256, 1], [256, 1, 1, 1]])
    func vectorsKeepTheirType(_ shape: [Int]) throws {
        #expect(try choice("blk.0.ffn_up.weight", .q4_K_M, shape).type == .f16)
    }

    /// 32 fits the smaller formats' blocks and 24 fits none.
    @Test(
        arguments: [
            (.q2_K, .q4_0), (.q3_K, .q4_0), (.q4_K, .q5_0), (.q5_K, .q5_1), (.q6_K, .q8_0), (.iq4_xs, .iq4_nl),
        ] as [(TensorType, TensorType)]
    )
    func rowsThatAreNoWholeBlocksGetATypeOfSmallerBlocks(_ wanted: TensorType, _ smaller: TensorType) throws {
        for (rowLength, type) in [(256, wanted), (32, smaller), (24, .f16)] {
            let found = try choice("blk.0.ffn_up.weight", .q4_K_M, [rowLength, 2]) {
                $0.tensorTypes = [TensorTypeRule(pattern: "ffn_up", type: wanted)]
            }
            #expect(found.type == type && found.wanted == (type == wanted ? nil : wanted))
        }
    }

    @Test func pureGivesEveryTensorTheDefault() throws {
        for name in ["output.weight", "blk.0.attn_v.weight", "blk.0.ffn_down.weight", "token_embd.weight"] {
            #expect(try choice(name) { $0.pure = true }.type == .q4_K)
        }
    }

    @Test func theFirstMatchingRuleWinsOverMixAndPure() throws {
        func ruled(_ name: String) throws -> TensorType {
            try choice(name) {
                $0.pure = true
                $0.tensorTypes = [
                    TensorTypeRule(pattern: #"BLK\.0\..*_v"#, type: .q8_0),
                    TensorTypeRule(pattern: "attn", type: .q6_K),
                ]
            }.type
        }
        #expect(try ruled("blk.0.attn_v.weight") == .q8_0)
        #expect(try ruled("blk.1.attn_v.weight") == .q6_K)
        #expect(try ruled("blk.1.ffn_up.weight") == .q4_K)
    }

    @Test func aPatternThatIsNoneIsRefused() {
        #expect(throws: QuantizationProblem.badPattern("blk.(")) {
            try choice("blk.0.ffn_up.weight") { $0.tensorTypes = [TensorTypeRule(pattern: "blk.(", type: .q8_0)] }
        }
    }

    @Test func outputAndEmbeddingHaveOptionsThatWinOverRules() throws {
        func chosen(_ name: String, beside others: [String] = ["output.weight"]) throws -> TensorType {
            try choice(name, beside: others) {
                $0.outputTensorType = .q5_0
                $0.tensorTypes = [TensorTypeRule(pattern: "output", type: .q8_0)]
            }.type
        }
        #expect(try chosen("output.weight") == .q5_0)
        #expect(try chosen("token_embd.weight") == .q4_K)
        #expect(try chosen("token_embd.weight", beside: []) == .q5_0)  // it serves as the output
        #expect(try choice("token_embd.weight") { $0.tokenEmbeddingType = .f16 }.type == .f16)
    }

    @Test func theOutputCanBeLeftAlone() throws {
        #expect(try choice("output.weight") { $0.leaveOutputTensor = true }.type == .f16)
        #expect(try choice("token_embd.weight") { $0.leaveOutputTensor = true }.type == .q4_K)
    }

    @Test(arguments: [(.f32, .f32), (.f16, .f16), (.bf16, .bf16)] as [(FileType, TensorType)])
    func plainTypesHaveNoMix(_ fileType: FileType, _ type: TensorType) throws {
        #expect(try choice("output.weight", fileType).type == type)
        #expect(try choice("blk.0.attn_v.weight", fileType).type == type)
    }
}
