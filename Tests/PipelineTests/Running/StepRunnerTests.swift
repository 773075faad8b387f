import BinaryIO
import Foundation
import Pipeline
import SystemPackage
import Testing

@Suite struct StepRunnerTests {
    private let run: FakeRun

    init() throws { run = try FakeRun() }

    @Test func nodesThatAreDueRunTogetherAndAlone() throws {
        let base = FakeStep(id: "base")
        var step = FakeStep(id: "builds", builds: ["a", "b"], takes: [base])
        #expect(try run.run([base, step]) == "done done")
        #expect(step.ran.batches == [["builds[a]", "builds[b]"]], "one pass for both")
        step.builds = ["a", "c", "b", "d"]
        #expect(try run.run([base, step]) == "cached done")
        #expect(step.ran.batches.last == ["builds[c]", "builds[d]"])
        #expect(try run.run([base, step]) == "cached cached")
        #expect(base.ran.batches.count == 1 && step.ran.batches.count == 2)
    }

    @Test func anotherSettingRunsWhatDependsOnItUnlessTheBytesAreTheSame() throws {
        var base = FakeStep(id: "base")
        func steps() -> [FakeStep] { [base, FakeStep(id: "next", takes: [base])] }
        #expect(try run.run(steps()) == "done done")
        base.setting = "other"
        #expect(try run.run(steps()) == "done cached", "the same word under another key")
        #expect(try run.run(steps()) == "cached cached")
        base.setting = "third"
        base.word = "changed"
        #expect(try run.run(steps()) == "done done")
    }

    @Test func aFileThatIsGoneIsMadeAgainOnceSomebodyNeedsIt() throws {
        let base = FakeStep(id: "base")
        let next = FakeStep(id: "next", builds: ["a", "b"], takes: [base], word: "next")
        try run.run([base, next])
        try FileManager.default.removeItem(atPath: run.file(of: next, 1).string)
        #expect(try run.run([base, next]) == "cached done")
        #expect(next.ran.batches.last == ["next[b]"])
        try FileManager.default.removeItem(atPath: run.file(of: base).string)
        #expect(try run.run([base, next]) == "cached cached", "what is made of it is there")
        #expect(try run.plan([base, next]).map(\.action) == [.cached, .cached])
        try FileManager.default.removeItem(atPath: run.file(of: next, 0).string)
        let plan = try run.plan([base, next])
        #expect(plan.map(\.action) == [.run, .run] && plan[1].builds == ["a"])
        #expect(plan.map(\.reason) == ["its file is no longer in the cache", "step 'base' runs first"])
        #expect(try run.run([base, next]) == "done done")
        #expect(next.ran.batches.last == ["next[a]"])
    }

    @Test func aFileThatFactsAreTakenOfIsForTheUserUnlessItIsStoredElsewhere() throws {
        let base = FakeStep(id: "base")
        var facts = FakeStep(id: "facts", takes: [base], makesFile: false)
        try run.run([base, facts])
        try FileManager.default.removeItem(atPath: run.file(of: base).string)
        #expect(try run.run([base, facts]) == "done cached")
        facts.publishes = true
        try FileManager.default.removeItem(atPath: run.file(of: base).string)
        #expect(try run.run([base, facts]) == "cached cached")
    }

    @Test func factsOfWhatLiesFarBehindAreMadeAgainForAStepThatIsDue() throws {
        let base = FakeStep(id: "base")
        let middle = FakeStep(id: "middle", takes: [base], word: "middle")
        let last = FakeStep(id: "last", takes: [middle], word: "last")
        try run.run([base, middle, last])
        try FileManager.default.removeItem(atPath: run.record(of: base).string)
        try FileManager.default.removeItem(atPath: run.record(of: last).string)
        // The record by content, too.
        var other = last
        other.setting = "other"
        #expect(try run.run([base, middle, other]) == "done cached done")
        #expect(base.ran.batches.count == 2 && middle.ran.batches.count == 1)
    }

    @Test func aProblemEndsTheRunAndStaysOne() throws {
        var base = FakeStep(id: "base")
        base.word = "bad"
        let next = FakeStep(id: "next", takes: [base])
        #expect(try run.run([base, next]) == "failed skipped")
        #expect(try run.run([base, next]) == "failed skipped", "a cached product fails as well")
        #expect(base.ran.batches.count == 1 && next.ran.batches.isEmpty)
    }

    @Test func oneStepAloneNeedsTheOthersCached() throws {
        let base = FakeStep(id: "base")
        let next = FakeStep(id: "next", takes: [base])
        let error = try #require(throws: PipelineError.self) { try run.run([base, next], only: "next") }
        #expect(
            "\(error)".hasPrefix("step 'base': step 'next' needs step 'base', whose result is not cached."),
            "\(error)"
        )
        #expect(try run.run([base, next], only: "base") == "done skipped")
        #expect(try run.run([base, next], only: "next") == "cached done")
        #expect(
            try run.run([base, next], only: "next") { $0.force = true } == "cached done",
            "force is for what is asked"
        )
    }

    @Test func whatMemoryOrDiskWouldNotHoldIsRefusedBeforeItBegins() throws {
        var base = FakeStep(id: "base")
        #expect(throws: PipelineError.self) { try run.run([base]) { $0.memoryLimit = 999 } }
        base.bytes = 1 << 60
        #expect(throws: PipelineError.self) { try run.run([base]) }
        #expect(base.ran.batches.isEmpty)
    }
}
