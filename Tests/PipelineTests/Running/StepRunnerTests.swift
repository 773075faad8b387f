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

    @Test func aFileThatIsGoneIsMadeAgainAndNothingElse() throws {
        let base = FakeStep(id: "base")
        let next = FakeStep(id: "next", builds: ["a", "b"], takes: [base])
        try run.run([base, next])
        try FileManager.default.removeItem(atPath: run.file(of: base).string)
        #expect(try run.run([base, next]) == "done cached")
        try FileManager.default.removeItem(atPath: run.file(of: next, 1).string)
        #expect(try run.run([base, next]) == "cached done")
        #expect(next.ran.batches.last == ["next[b]"])
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
