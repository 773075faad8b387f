import BinaryIO
import Conversion
import Evaluation
import Foundation
import Inference
import SystemPackage
import TestSupport
import Testing
import Tokenizers

@Suite struct AccuracyRunTests {
    private let tiny: TinyModels

    init() throws { tiny = try TinyModels() }

    private func tasks(_ lines: String...) throws -> [MultipleChoiceTask] {
        try MultipleChoiceTask.tasks(jsonLines: Array(lines.joined(separator: "\n").utf8))
    }

    private func shipped() throws -> [MultipleChoiceTask] {
        let path = Goldens.packageRoot.appending("texts/tasks.jsonl")
        return try MultipleChoiceTask.tasks(jsonLines: try readFile(path, limit: 1 << 20))
    }

    @Test func hellaSwagsOwnLinesAreRead() throws {
        let read = try tasks(
            #"{"ind": 24, "ctx": "A man", "activity_label": "x", "endings": ["runs.", "ice."], "label": "1"}"#,
            "",
            #"{"context": "A dog", "endings": ["barks.", "flies.", "folds."], "label": 0}"#
        )
        #expect(read.map(\.context) == ["A man", "A dog"])
        #expect(read.map(\.label) == [1, 0] && read.map(\.line) == [1, 3])
    }

    @Test(arguments: [
        (#"{"context": "a"#, "no JSON"), ("[]", "object expected"),
        (#"{"endings": ["a", "b"], "label": 0}"#, "'context'"),
        (#"{"context": "a", "endings": ["b"], "label": 0}"#, "two texts or more"),
        (#"{"context": "a", "endings": ["b", 2], "label": 0}"#, "two texts or more"),
        (#"{"context": "a", "endings": ["b", " "], "label": 0}"#, "an ending is empty"),
        (#"{"context": "a", "endings": ["b", "c"], "label": 2}"#, "from 0 to 1"),
        (#"{"context": "a", "endings": ["b", "c"]}"#, "from 0 to 1"),
    ])
    func aLineThatIsNoTaskIsNamed(_ line: String, _ why: String) {
        let error = #expect(throws: EvaluationError.self) {
            try tasks(#"{"context": "a", "endings": ["b", "c"], "label": 0}"#, line)
        }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.hasPrefix("Line 2 of the tasks: ") && message.contains(why), "\(message)")
    }

    @Test func noTasksAreAnError() {
        #expect(throws: EvaluationError.noTasks()) { try tasks("", "  ") }
    }

    @Test func theShippedModelBeatsGuessingOnTheShippedTasks() throws {
        let shipped = try shipped()
        #expect(shipped.count == 40)
        // The right answers stand in all places.
        #expect(Set(shipped.map(\.label)) == [0, 1, 2, 3])
        let model = try LanguageModel(path: try tiny.converted(.f16))
        var done: [Int] = []
        let result = try AccuracyRun(model, threads: 2).answer(shipped) { done.append($0.result.tasks) }
        #expect(done == Array(1...40))
        #expect(result.tasks == 40 && result.chancePercent == 25)
        #expect(result.accuracy.low > 25 && result.accuracy.percent > 40)
        let right = result.answers.count { $0.choice == $0.label }
        #expect(result.accuracy.percent == 100 * Double(right) / 40)
        #expect(try AccuracyRun(model, threads: 1).answer(shipped) == result)
    }

    /// The log-probability of an ending is the sum over its tokens, each after all that comes before it.
    @Test func endingsAreScoredTokenByToken() throws {
        let model = try LanguageModel(path: try tiny.converted(.f16))
        let ending = "pushed the boat out."
        let task = #"{"context": "The ferryman", "endings": ["\#(ending)", "was blue."], "label": 0}"#
        let answer = try #require(try AccuracyRun(model).answer(try tasks(task)).answers.first)
        let tokens = try model.tokenizer.encode("The ferryman \(ending)")
        let start = try model.tokenizer.encode("The ferryman").count
        let session = try InferenceSession(model, SessionOptions(context: tokens.count))
        var expected = 0.0
        try session.evaluate(tokens, logitsFor: (start - 1)..<(tokens.count - 1)) { logits in
            for row in 0..<logits.count {
                let terms = logits[row].map { exp(Double($0)) }
                let target = Int(tokens[logits.first + row + 1])
                expected += log(terms[target] / terms.reduce(0, +))
            }
        }
        #expect(abs(answer.logProbabilities[0] - expected) < 1e-3)
    }

    @Test func aTaskLongerThanTheContextIsNamed() throws {
        let model = try LanguageModel(path: try tiny.converted(.f16))
        let long = String(repeating: "word ", count: 5000)
        let error = #expect(throws: EvaluationError.self) {
            try AccuracyRun(model).answer(try tasks(#"{"context": "\#(long)", "endings": ["a", "b"], "label": 0}"#))
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("more than the model's context"))
    }

    /// Wilson's intervals of textbooks: Newcombe, "Two-sided confidence intervals for the single proportion", 1998.
    @Test(arguments: [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0, 16.11), (1, 29, 0.61, 17.18)])
    func intervalsAreWilsons(_ count: Int, _ total: Int, _ low: Double, _ high: Double) {
        let share = AccuracyResult.Share(count, of: total)
        #expect(abs(share.low - low) < 0.006 && abs(share.high - high) < 0.006, "\(share)")
    }
}
