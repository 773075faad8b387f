import BinaryIO
import Cluster
import Pipeline
import Steps
import Testing

@Suite struct JobPlanTests {
    /// f16, then three steps over some builds, then publishing.
    private func nodes(_ builds: [String], due: (String) -> Bool = { _ in true }) -> [PipelineTasks.Node] {
        func node(_ step: String, _ build: String?, _ inputs: [String], publishes: Bool = false) -> PipelineTasks.Node {
            let name = build.map { "\(step)[\($0)]" } ?? step
            return PipelineTasks.Node(
                name: name,
                step: step,
                kind: step,
                build: build,
                key: SHA256Digest(of: name.utf8),
                inputs: inputs,
                isDue: due(name),
                publishes: publishes,
                forecast: Forecast(peakMemoryBytes: (build?.count ?? 1) << 20)
            )
        }
        return [node("f16", nil, [])] + builds.map { node("builds", $0, ["f16"]) } + [node("sight", nil, [])]
            + builds.map { node("quality", $0, ["builds[\($0)]", "f16"]) }
            + builds.map { node("fit", $0, ["builds[\($0)]", "sight"]) }
            + builds.map { node("publish", $0, ["builds[\($0)]", "quality[\($0)]", "fit[\($0)]"], publishes: true) }
    }

    @Test func eachBuildWaitsForItselfAndAllForWhatTheyShare() {
        let plan = JobPlan(nodes(["a", "bb", "c"]), longest: 1001)
        #expect(plan.jobs.map(\.step) == ["f16", "builds", "sight", "quality", "fit"])
        #expect(plan.jobs.map(\.numbers) == ["0", "0-2", "0", "0-2", "0-2"])
        #expect(plan.jobs.map(\.dependencies) == [[], [.all(0)], [], [.all(0), .each(1)], [.each(1), .all(2)]])
        #expect(plan.jobs[1].memory == 2 << 20, "the largest task's")
        #expect(plan.published.map(\.node) == ["publish[a]", "publish[bb]", "publish[c]"])
    }

    @Test func whatIsThereIsWaitedForByNobody() {
        let there: Set = ["f16", "sight", "builds[a]", "quality[a]", "fit[a]"]
        let plan = JobPlan(nodes(["a", "b", "c"]) { !there.contains($0) }, longest: 1001)
        #expect(plan.jobs.map(\.step) == ["builds", "quality", "fit"])
        #expect(plan.jobs.map(\.numbers) == ["1-2", "1-2", "1-2"], "a build keeps its number")
        #expect(plan.jobs.map(\.dependencies) == [[], [.each(0)], [.each(0)]])
    }

    /// A task must not wait for a number that another array does not have.
    @Test func nodesThatWaitForDifferentJobsAreDifferentArrays() {
        let there: Set = ["f16", "builds[b]"]
        let plan = JobPlan(nodes(["a", "b", "c"]) { !there.contains($0) }, longest: 1001)
        let quality = plan.jobs.filter { $0.step == "quality" }
        #expect(quality.map(\.numbers) == ["0,2", "1"])
        #expect(quality.map(\.dependencies) == [[.each(0)], []])
    }

    @Test func longArraysAreCutWhereTheirPartnersAre() {
        let builds = (0..<7).map { "b\($0)" }
        let plan = JobPlan(nodes(builds), longest: 3)
        let made = plan.jobs.filter { $0.step == "builds" }
        #expect(made.map(\.numbers) == ["0-2", "0-2", "0"])
        #expect(made.map { $0.tasks.map(\.node) }[1] == ["builds[b3]", "builds[b4]", "builds[b5]"])
        let quality = plan.jobs.filter { $0.step == "quality" }
        #expect(quality.map(\.dependencies) == [[.all(0), .each(1)], [.all(0), .each(2)], [.all(0), .each(3)]])
    }

    @Test func nothingDueIsNoJob() {
        let plan = JobPlan(nodes(["a"]) { _ in false }, longest: 1001)
        #expect(plan.jobs.isEmpty && plan.published.count == 1)
    }
}
