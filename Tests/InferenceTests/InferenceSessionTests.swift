import Conversion
import GGUF
import Inference
import TestSupport
import Testing
import Tokenizers

@Suite struct InferenceSessionTests {
    let tiny: TinyModels
    let model: LanguageModel
    let tokens: [Int32]

    init() throws {
        tiny = try TinyModels()
        model = try LanguageModel(path: try tiny.converted(.f16))
        tokens = try model.tokenizer.encode("It was the best of times, it was the worst of times.")
    }

    func logits(
        _ options: SessionOptions,
        of other: LanguageModel? = nil,
        batches: [Range<Int>]
    ) throws -> [[Float]] {
        let session = try InferenceSession(other ?? model, options)
        var rows: [[Float]] = []
        for batch in batches {
            try session.evaluate(Array(tokens[batch]), logitsFor: 0..<batch.count) { slab in
                for row in 0..<slab.count { rows.append(Array(slab[row])) }
            }
        }
        return rows
    }

    /// Single precision is multiplied as it is; half precision is coded in batches, and not for single tokens.
    @Test(arguments: [(ConvertedType.f32, Float(1e-3)), (.f16, 1e-2)])
    func tokensOneByOneGiveWhatABatchGives(_ type: ConvertedType, _ bound: Float) throws {
        let options = SessionOptions(context: 64, threads: 2)
        let model = try LanguageModel(path: try tiny.converted(type))
        let whole = try logits(options, of: model, batches: [0..<tokens.count])
        let single = try logits(options, of: model, batches: tokens.indices.map { $0..<($0 + 1) })
        let mixed = try logits(options, of: model, batches: [0..<3, 3..<4, 4..<tokens.count])
        #expect(whole.count == tokens.count && single.count == tokens.count && mixed.count == tokens.count)
        for (rows, others) in [(whole, single), (whole, mixed)] {
            for (row, other) in zip(rows, others) {
                #expect(zip(row, other).allSatisfy { abs($0 - $1) < bound })
            }
        }
    }

    @Test func onlyWantedLogitsAreHandedOut() throws {
        let session = try InferenceSession(model, SessionOptions(context: 64))
        var seen: [Int] = []
        try session.evaluate(tokens, logitsFor: 2..<5) { slab in seen += (0..<slab.count).map { slab.first + $0 } }
        #expect(seen == [2, 3, 4] && session.position == tokens.count)
    }

    @Test func observerSeesTheInputOfEveryMatrix() throws {
        let session = try InferenceSession(model, SessionOptions(context: 64, threads: 2))
        var seen: [String: Int] = [:]
        session.observer = { seen[$0.tensor, default: 0] += $0.rows }
        try session.evaluate(tokens, logitsFor: 0..<tokens.count) { _ in }
        let expected = try GGUFFile(path: model.path).tensors.map(\.name)
            .filter { $0.hasSuffix(".weight") && !$0.hasSuffix("norm.weight") && $0 != "token_embd.weight" }
        #expect(Set(seen.keys) == Set(expected))
        #expect(seen.values.allSatisfy { $0 == tokens.count })
    }

    @Test func tooManyTokensAndUnknownTokensAreRefused() throws {
        let session = try InferenceSession(model, SessionOptions(context: 4))
        for bad in [[1, 2, 3, 4, 5], [-1], [3072]] as [[Int32]] {
            #expect(throws: InferenceError.self) { try session.evaluate(bad, logitsFor: 0..<1) { _ in } }
        }
        #expect(session.position == 0)
    }

    @Test func absurdContextIsAnErrorAndNoTrap() throws {
        for context in [Int.max, 1 << 50] {
            #expect(throws: InferenceError.self) {
                try InferenceSession(model, SessionOptions(context: context))
            }
        }
    }

    @Test func generationIsRepeatable() throws {
        let session = try InferenceSession(model, SessionOptions(context: 64, threads: 2))
        let greedy = try Generator(session).generate("The old house", limit: 12)
        #expect(greedy == greedy && greedy.tokens.count <= 12 && !greedy.text.isEmpty)
        #expect(try Generator(session).generate("The old house", limit: 12).text == greedy.text)
        let random = Generator(session, sampling: .random(temperature: 1, seed: 7))
        let first = try random.generate("The old house", limit: 12)
        #expect(try random.generate("The old house", limit: 12).tokens == first.tokens)
        let other = Generator(session, sampling: .random(temperature: 1, seed: 8))
        #expect(try other.generate("The old house", limit: 12).tokens != first.tokens)
        var pieces = ""
        let stopped = try Generator(session).generate("The old house", limit: 12) { piece in
            pieces += piece
            return pieces.count < 3
        }
        #expect(stopped.stop == .caller && stopped.tokens.count < 12 && greedy.text.hasPrefix(pieces))
        #expect(try Generator(session).generate("The old house", limit: 1000).stop != .limit)
    }
}
