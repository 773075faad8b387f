import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing

/// Models of the goldens with something changed.
@Suite struct SeededModelTests {
    private let folder: ScratchFolder
    private let vocabulary: Metadata

    init() throws {
        folder = try ScratchFolder()
        vocabulary = try TinyModels().metadata()
    }

    private func open(_ name: String, _ change: (inout SyntheticModel) -> Void) throws -> LanguageModel {
        var model = try SeededGolden(name, vocabulary: vocabulary).model
        change(&model)
        let path = folder.path.appending("model.gguf")
        try model.write(to: path)
        return try LanguageModel(path: path)
    }

    /// Sinks and biases for other heads and experts than there are, or none.
    @Test(arguments: [
        ("blk.1.attn_sinks.weight", [3]), ("blk.1.attn_sinks.weight", [4, 2]), ("blk.0.attn_sinks.weight", nil),
        ("blk.0.ffn_gate_exps.bias", [95, 4]), ("blk.0.ffn_up_exps.bias", [96, 3]), ("blk.0.ffn_down_exps.bias", nil),
        ("blk.0.ffn_gate_inp.bias", [5]), ("blk.0.attn_output.bias", [63]),
    ])
    func partsOfGPTOSSOfAnotherLengthAreRefused(_ name: String, _ shape: [Int]?) throws {
        #expect(throws: InferenceError.self) {
            _ = try open("gpt-oss") { model in
                model.tensors.removeAll { $0.name == name }
                if let shape { model.add(name, shape) }
            }
        }
    }

    /// A score beside all others takes weight from them, and all of it where it is large enough.
    @Test func aLargeSinkLeavesNothingOfAttention() throws {
        func logits(_ sink: Float, _ value: Float) throws -> [Float] {
            let model = try open("gpt-oss") { model in
                for index in model.tensors.indices {
                    let name = model.tensors[index].name
                    if name.hasSuffix("attn_sinks.weight") { model.tensors[index].values = [sink, sink, sink, sink] }
                    guard name.contains(".attn_v.") else { continue }
                    model.tensors[index].values = model.tensors[index].values.map { value * $0 }
                }
            }
            let session = try InferenceSession(model, SessionOptions(context: 16))
            var last: [Float] = []
            try session.evaluate([5, 6, 7, 8], logitsFor: 3..<4) { last = Array($0[0]) }
            return last
        }
        let none = try logits(1000, 1)
        #expect(none.allSatisfy { $0.isFinite })
        let nothing = try logits(1000, 3)
        #expect(none == nothing)
        let (some, more) = (try logits(-1000, 1), try logits(-1000, 3))
        #expect(some != more)
    }

    /// A file's tokens that are never written; others take their place.
    @Test func suppressedTokensAreNotWritten() throws {
        func tokens(_ suppressed: [Int32]?, _ sampling: Sampling = .greedy) throws -> [Int32] {
            let model = try open("granite") { model in
                guard let suppressed else { return }
                model.metadata.set("tokenizer.ggml.suppress_tokens", .array(.int32(suppressed)))
            }
            let session = try InferenceSession(model, SessionOptions(context: 64))
            return try Generator(session, sampling: sampling).generate("The old house", limit: 8).tokens
        }
        let free = try tokens(nil)
        let first = try #require(free.first)
        #expect(try tokens([]) == free)
        #expect(try tokens([-1, 1 << 20]) == free)
        let others = try tokens([first])
        #expect(!others.contains(first))
        let random = Sampling.random(temperature: 2, seed: 3)
        let some = Array(Set(try tokens(nil, random)))
        let rest = try tokens(some, random)
        #expect(!rest.isEmpty && Set(rest).isDisjoint(with: some))
    }
}
