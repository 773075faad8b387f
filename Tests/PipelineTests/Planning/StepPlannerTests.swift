import Foundation
import Pipeline
import Testing

@Suite struct StepPlannerTests {
    private let run: FakeRun

    init() throws { run = try FakeRun() }

    @Test func everyStepOfANewRunIsForecast() throws {
        let base = FakeStep(id: "base")
        let next = FakeStep(id: "next", builds: ["a", "b"], takes: [base])
        let last = FakeStep(id: "last", builds: ["a", "b"], takes: [next])
        let plan = try run.plan([base, next, last])
        #expect(plan.map(\.action) == [.run, .run, .run])
        #expect(
            plan.map(\.reason) == [
                "no result for these inputs yet", "step 'base' runs first", "step 'next' runs first",
            ]
        )
        #expect(plan.map(\.builds) == [nil, nil, nil])
        #expect(plan.map { $0.forecast?.diskBytes } == [100, 200, 200])
        #expect(plan.map { $0.forecast?.secondsHigh } == [1, 2, 2], "by the kind's own range")
        #expect(base.ran.batches.isEmpty)
    }

    @Test func onlyWhatIsDueIsForecast() throws {
        let base = FakeStep(id: "base")
        var next = FakeStep(id: "next", builds: ["a", "b"], takes: [base])
        try run.run([base, next])
        #expect(try run.plan([base, next]).map(\.action) == [.cached, .cached])
        next.builds = ["a", "b", "c"]
        let plan = try run.plan([base, next])
        #expect(plan.map(\.action) == [.cached, .run] && plan[1].builds == ["c"])
        #expect(plan[1].reason == "no result for these inputs yet")
        #expect(plan[1].forecast?.outputs.map(\.name) == ["next[c]"])
        #expect(try run.plan([base, next]) { $0.force = true }[0].reason == "asked for with 'force'")
    }
}
