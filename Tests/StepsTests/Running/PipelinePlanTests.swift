import BinaryIO
import Foundation
import Pipeline
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct PipelinePlanTests {
    @Test func aPlanOfANewRunWritesNothing() throws {
        let tiny = try TinyRun()
        let before = try tiny.scratch.listing()
        let plan = try tiny.runner().plan()
        #expect(try tiny.scratch.listing() == before)
        #expect(plan.steps.map(\.action) == [.run, .run, .run, .run, .run])
        #expect(
            plan.steps.map(\.reason) == [
                "no result for these inputs yet", "step 'f16' runs first", "step 'builds' runs first",
                "step 'builds' runs first", "step 'builds' runs first",
            ]
        )
        #expect(plan.downloadBytes == 0 && plan.peakMemoryBytes > 0 && plan.secondsHigh > plan.secondsLow)
    }

    @Test func forecastSizesAreTheSizesOfTheFiles() throws {
        let tiny = try TinyRun()
        let forecasts = try tiny.runner().plan().steps.map(\.forecast)
        let first = forecasts[0]?.outputs
        let report = try tiny.run()
        let plan = try tiny.runner { $0.force = true }.plan()
        #expect(plan.steps[0].reason == "asked for with 'force'")
        let files = report.steps[0].outputs + report.steps[1].outputs
        let sizes = try files.map { try #require(FileStatus(FilePath($0))).byteCount }
        #expect(first?.map(\.bytes) == [sizes[0]])
        #expect(forecasts[1]?.outputs.map(\.bytes) == Array(sizes.dropFirst()), "before the file was converted")
        #expect(forecasts[4]?.outputs.map(\.bytes) == Array(sizes.dropFirst()))

        var other = tiny
        other.pipeline.types = "q8_0, q4_k_m, q4_0"
        let outputs = try #require(try other.runner { $0.force = true }.plan().steps[1].forecast?.outputs)
        #expect(outputs.prefix(2).map(\.bytes) == [sizes[1], sizes[2]])
        #expect(outputs.map(\.name) == ["q8_0", "q4_k_m", "q4_0"])
        let due = try #require(try other.runner().plan().steps[1].forecast?.outputs)
        #expect(due == outputs.suffix(1), "of what is not made yet")
    }

    @Test func aPlanOfAFinishedRunSaysCachedAndWritesNothing() throws {
        let tiny = try TinyRun()
        try tiny.run()
        // Looking may make SQLite's shared-memory files, which hold nothing; the first look settles them.
        _ = try tiny.runner().plan()
        let before = try tiny.scratch.listing().filter { !$0.contains("registry.db-") }
        let plan = try tiny.runner().plan()
        #expect(try tiny.scratch.listing().filter { !$0.contains("registry.db-") } == before)
        #expect(plan.steps.allSatisfy { $0.action == .cached })
        #expect((plan.diskBytes, plan.peakMemoryBytes, plan.secondsHigh) == (0, 0, 0))
    }

    @Test func aPlanSaysWhatAChangedOptionCosts() throws {
        var tiny = try TinyRun()
        try tiny.run()
        tiny.pipeline.chunks = 3
        let plan = try tiny.runner().plan()
        #expect(plan.steps.map(\.action) == [.cached, .cached, .run, .cached, .run])
        #expect(plan.secondsHigh >= plan.secondsLow && plan.secondsLow > 0)
        #expect(plan.peakMemoryBytes > 0)
        #expect(plan.steps.allSatisfy { $0.builds == nil })
    }
}
