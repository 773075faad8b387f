import Answers
import Foundation
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct PipelineRunnerTests {
    private let allCached = "cached cached cached cached cached"

    @Test func aSecondRunFindsEverythingAndDoesNothing() throws {
        let tiny = try TinyRun()
        let first = try tiny.run()
        #expect(first.pipeline == "tiny")
        #expect(first.steps.map(\.step) == ["f16", "builds", "quality", "fit", "publish"])
        #expect(first.statuses == "done done done done done")
        #expect(first.builds.map(\.build) == ["tiny@1.0.0:q8_0", "tiny@1.0.0:q4_k_m"])
        #expect(first.steps[2].outputs == ["q8_0", "q4_k_m"])
        let published = try tiny.published()

        let events = Events()
        let second = try tiny.runner(report: { _ = events.add($0) }).run()
        #expect(second.statuses == allCached)
        #expect(events.all.map(\.event) == Array(repeating: .stepFinished, count: 5), "no step began")
        #expect(second.steps.map(\.outputs) == first.steps.map(\.outputs))
        #expect(second.builds.map(\.sha256) == first.builds.map(\.sha256))
        #expect(try tiny.published() == published)
    }

    @Test func aRunTellsWhatHappensInOrder() throws {
        let events = Events()
        let tiny = try TinyRun()
        _ = try tiny.runner(report: { _ = events.add($0) }).run()
        var open: Set<String> = []
        for event in events.all {
            switch event.event {
            case .stepStarted:
                #expect(open.insert(event.step).inserted)
            case .progress:
                #expect(open.contains(event.step))
                #expect((event.done ?? -1) <= (event.total ?? -2), "\(event)")
            case .stepFinished:
                #expect(open.remove(event.step) != nil && event.status == .done)
            case .download, .remark:
                Issue.record("the model is a folder")
            }
        }
        #expect(Set(events.all.filter { $0.event == .progress }.map(\.step)).count == 5, "every step reports")
    }

    @Test func touchingTheSourceWithoutChangingItStaysCached() throws {
        var tiny = try TinyRun()
        try tiny.copySource()
        try tiny.run()
        let file = FilePath(tiny.pipeline.source).appending("model.safetensors").string
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: file)
        #expect(try tiny.run().statuses == allCached)
    }

    @Test func changingTheSourceRunsEverythingAgain() throws {
        var tiny = try TinyRun()
        try tiny.copySource()
        try tiny.run()
        let file = URL(fileURLWithPath: FilePath(tiny.pipeline.source).appending("model.safetensors").string)
        var bytes = try Data(contentsOf: file)
        // The lowest bit of a weight's mantissa.
        bytes[bytes.count - 2] ^= 1
        try bytes.write(to: file)
        tiny.pipeline.version = "1.0.1"
        #expect(try tiny.run().statuses == "done done done done done")
    }

    /// Where the source lies and how many threads work decide nothing; a folder's own name stands in the file.
    @Test func pathsAndThreadsDoNotCount() throws {
        var tiny = try TinyRun()
        try tiny.copySource(to: "here/tiny-phi3")
        tiny.threads = 1
        try tiny.run()
        try tiny.copySource(to: "there/tiny-phi3")
        tiny.threads = 3
        #expect(try tiny.run().statuses == "cached cached cached cached done", "the pipeline file is another")
        try tiny.copySource(to: "there/other-name")
        tiny.pipeline.version = "1.0.1"
        #expect(try tiny.run().statuses.hasPrefix("done"))
    }

    @Test(arguments: [
        ("nothing", "cached cached cached cached cached"),
        ("version", "cached cached cached cached done"),
        ("fit context", "cached cached cached done done"),
        ("chunks", "cached cached done cached done"),
        ("gates", "cached cached cached cached cached"),
        ("fewer types", "cached cached cached cached cached"),
        ("more types", "cached done done done done"),
    ])
    func aChangedOptionRunsOnlyWhatDependsOnIt(_ option: String, _ statuses: String) throws {
        var tiny = try TinyRun()
        try tiny.run()
        switch option {
        case "version": tiny.pipeline.version = "1.1.0"
        case "fit context": tiny.pipeline.fitContext = 512
        case "chunks": tiny.pipeline.chunks = 3
        case "gates": tiny.pipeline.gates = "q8_0: { max-perplexity: 1000 }"
        case "fewer types": tiny.pipeline.types = "q8_0"
        case "more types": tiny.pipeline.types = "q8_0, q4_k_m, q4_0"
        default: break
        }
        #expect(try tiny.run().statuses == statuses)
    }

    /// Of three builds one is new: it alone is quantized, measured, fitted and published.
    @Test func anAddedTypeRunsForItself() throws {
        var tiny = try TinyRun()
        try tiny.run()
        tiny.pipeline.types = "q8_0, q4_0, q4_k_m"
        let plan = try tiny.runner().plan()
        #expect(plan.steps.map(\.builds) == [nil, ["q4_0"], ["q4_0"], ["q4_0"], ["q4_0"]])
        #expect(plan.steps[1].forecast?.outputs.map(\.name) == ["q4_0"])
        let events = Events()
        let report = try tiny.runner(report: { _ = events.add($0) }).run()
        #expect(report.builds.map(\.build) == ["q8_0", "q4_0", "q4_k_m"].map { "tiny@1.0.0:\($0)" })
        let details = events.all.filter { $0.event == .progress }.compactMap(\.detail)
        #expect(!details.isEmpty && !details.contains { $0.contains("q8_0") || $0.contains("q4_k_m") })
        #expect(try tiny.published().count == 3)
        let whole = try TinyRun()
        var other = whole
        other.pipeline.types = tiny.pipeline.types
        try other.run()
        #expect(try other.published() == tiny.published(), "all at once or one after another, the bytes are the same")
    }

    /// A file that was lost and made again is known by its bytes, though nothing remembers its key.
    @Test func whatIsMadeOfTheSameBytesIsNotMadeAgain() throws {
        let tiny = try TinyRun()
        let text = """
            pipeline: tiny
            version: 1.0.0
            model: { source: "\(tiny.pipeline.source)" }
            steps:
              - { id: f16, convert: { type: f16 } }
              - { id: builds, quantize: { model: f16, types: q8_0 RULE } }
              - { id: quality, validate: { builds: builds, text: "\(tiny.pipeline.text)", context: 64, chunks: 1 } }
            """
        func statuses(_ rule: String) throws -> String {
            let definition = try definition(text.replacing("RULE", with: rule))
            return try PipelineRunner(definition, RunOptions(registry: tiny.registry)).run().statuses
        }
        #expect(try statuses("") == "done done done")
        // A rule that meets no tensor makes the same file under another key.
        #expect(try statuses(", tensor-types: { nothing_has_this_name: q4_0 }") == "cached done cached")
        #expect(try statuses(", tensor-types: { nothing_has_this_name: q4_0 }") == "cached cached cached")
    }

    /// A pattern may hold what would separate two rules.
    @Test func oneTensorRuleIsNotTakenForTwo() throws {
        let tiny = try TinyRun()
        func statuses(_ rules: String) throws -> String {
            let text = """
                pipeline: tiny
                version: 1.0.0
                model: { source: "\(tiny.pipeline.source)" }
                steps:
                  - { id: f16, convert: { type: f16 } }
                  - { id: builds, quantize: { model: f16, types: q8_0, tensor-types: { \(rules) } } }
                """
            return try PipelineRunner(try definition(text), RunOptions(registry: tiny.registry)).run().statuses
        }
        #expect(try statuses("ffn_up: q4_0, ffn_down: q5_0") == "done done")
        #expect(try statuses(#""ffn_up=Q4_0\nffn_down": q5_0"#) == "cached done")
        #expect(try statuses("ffn_up: q4_0, ffn_down: q5_0") == "cached cached")
    }

    /// The builds and the pipeline file stay the same; the numbers do not.
    @Test func numbersOfAnotherTextArePublished() throws {
        var tiny = try TinyRun()
        let sample = try Data(contentsOf: URL(fileURLWithPath: tiny.pipeline.text))
        tiny.pipeline.text = try tiny.scratch.write(sample.prefix(20_000), to: "text.txt").string
        let first = try tiny.run()
        try tiny.scratch.write(sample.dropFirst(5_000).prefix(20_000), to: "text.txt")
        let second = try tiny.run()
        #expect(second.statuses == "cached cached done cached done")
        #expect(second.builds.map(\.sha256) == first.builds.map(\.sha256))
        #expect(second.builds.first?.textSha256 != first.builds.first?.textSha256)
        #expect(second.builds.first?.perplexity != first.builds.first?.perplexity)
    }

    @Test func onlyOneStepRunsWhereOnlyOneIsAskedFor() throws {
        let tiny = try TinyRun()
        #expect(throws: PipelineError.self) { try tiny.run { $0.only = "builds" } }
        #expect(try tiny.run { $0.only = "f16" }.statuses == "done skipped skipped skipped skipped")
        #expect(try tiny.run { $0.only = "builds" }.statuses == "cached done skipped skipped skipped")
        #expect(try tiny.published().isEmpty)
        let error = try #require(throws: PipelineError.self) { try tiny.run { $0.only = "publish" } }
        #expect("\(error)".contains("needs step 'quality', whose result is not cached"), "\(error)")
        #expect(try tiny.run { $0.from = "quality" }.statuses == "cached cached done done done")
        #expect(try tiny.run { $0.only = "publish" }.statuses == allCached)
    }

    @Test func aRunThatKeepsGoingDoesWhatDoesNotNeedTheStepThatFailed() throws {
        var tiny = try TinyRun()
        tiny.pipeline.gates = "q8_0: { max-perplexity: 1 }"
        #expect(try tiny.run().statuses == "done done failed done skipped", "the fit began beside the validation")
        let report = try tiny.run { $0.keepsGoing = true }
        #expect(report.statuses == "cached cached failed cached skipped")
        #expect(report.gateFailures.count == 1 && report.errors.isEmpty)

        tiny.pipeline.gates = ""
        tiny.pipeline.tasks = try tiny.scratch.write(Array("no tasks".utf8), to: "tasks.jsonl").string
        #expect(throws: PipelineError.self) { try tiny.run() }
        let failed = try tiny.run { $0.keepsGoing = true }
        #expect(failed.statuses == "cached cached failed cached skipped")
        #expect(failed.gateFailures.isEmpty && failed.errors.count == 1)
        #expect(failed.errors[0].hasPrefix("step 'quality': ") && failed.errors[0].contains("tasks.jsonl: line 1"))
    }

    @Test func timingsTellWhereARunsTimeWent() throws {
        let tiny = try TinyRun()
        let timings = RunTimings()
        timings.begin("a <pipeline>")
        let report = try tiny.runner(report: { timings.note($0) }).run()
        let path = tiny.scratch.appending("timings.html")
        try timings.write(to: path)
        let page = try String(contentsOfFile: path.string, encoding: .utf8)
        #expect(page.contains("a &lt;pipeline&gt;") && !page.contains("<script"))
        for step in report.steps { #expect(page.contains("<title>\(step.step), ")) }
        #expect(page.contains("q4_k_m"), "the parts of a step")
    }

    @Test func forceRunsAgainWhatIsAskedForAndGivesTheSame() throws {
        let tiny = try TinyRun()
        try tiny.run()
        let published = try tiny.published()
        #expect(try tiny.run { $0.force = true }.statuses == "done done done done done")
        #expect(
            try tiny.run {
                $0.force = true
                $0.from = "fit"
            }.statuses == "cached cached cached done done"
        )
        #expect(try tiny.published() == published)
    }

    @Test func aStepThatIsNotThereIsNamedWithWhatIs() throws {
        let tiny = try TinyRun()
        let error = try #require(throws: PipelineError.self) { try tiny.run { $0.from = "qualty" } }
        #expect(
            "\(error)"
                == "the pipeline has no step 'qualty'. Did you mean 'quality'? Known here: f16, builds, quality, "
                + "fit, publish."
        )
        #expect(FileManager.default.fileExists(atPath: tiny.registry.string) == false)
    }

    @Test func aStepThatTakesTooMuchMemoryIsRefusedBeforeItBegins() throws {
        let tiny = try TinyRun()
        let forecasts = try tiny.runner().plan().steps.compactMap(\.forecast?.peakMemoryBytes)
        try #require(forecasts.count == 5 && forecasts[1] > forecasts[0])
        let limit = (forecasts[0] + forecasts[1]) / 2
        let error = try #require(throws: PipelineError.self) { try tiny.run { $0.memoryLimit = limit } }
        #expect("\(error)".contains("step 'builds' would take about"), "\(error)")
        #expect("\(error)".contains("over the limit of"))
        #expect("\(error)".contains("Raise 'memory'"))
        #expect(try tiny.run().statuses == "cached done done done done")
    }
}
