import BinaryIO
import Foundation
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// A `validate` step that scores its text a stretch at a time: it resumes where it was interrupted, and ends once a gate is missed for
/// certain.
@Suite struct EarlyStopTests {
    private struct Stopped: Error {}

    private func tiny(_ gates: String, _ earlyStop: String? = "99%") throws -> TinyRun {
        var tiny = try TinyRun()
        (tiny.pipeline.context, tiny.pipeline.chunks) = (64, 8)
        (tiny.pipeline.gates, tiny.pipeline.earlyStop) = (gates, earlyStop)
        return tiny
    }

    private func measurements(_ tiny: TinyRun) throws -> [String: [MeasurementRecord]] {
        let registry = try ModelRegistry(path: tiny.registry, mode: .readOnly)
        defer { try? registry.close() }
        return try Dictionary(
            uniqueKeysWithValues: registry.builds().map { ("\($0.name)", try registry.measurements(of: $0.digest)) }
        )
    }

    /// The windows of text that builds were run on.
    private func windows(_ events: Events, of build: String) -> Int {
        events.all.count { $0.event == .progress && $0.step == "quality" && $0.detail?.hasPrefix("\(build): ") == true }
    }

    @Test func aBuildThatMeetsItsGatesIsMeasuredToTheEndWithTheSameFigures() throws {
        let gates = "q8_0: { max-mean-kld: 1 }, q4_k_m: { max-mean-kld: 1 }"
        let (early, whole) = (try tiny(gates), try tiny(gates, nil))
        #expect(try early.run().gateFailures.isEmpty && whole.run().gateFailures.isEmpty)
        #expect(try measurements(early) == measurements(whole), "scored in eight stretches and in one")
        #expect(try early.run().steps.allSatisfy { $0.status == .cached })
    }

    @Test func aBuildThatMissesItsGateForCertainIsMeasuredNoFurther() throws {
        let gates = "q8_0: { max-mean-kld: 1 }, q4_k_m: { max-perplexity: 2 }"
        var tiny = try tiny(gates)
        let events = Events()
        let report = try tiny.runner(report: { _ = events.add($0) }).run()
        #expect(windows(events, of: "q8_0") == 8)
        let measured = windows(events, of: "q4_k_m")
        #expect(measured < 8)
        let failure = try #require(report.gateFailures.first)
        #expect(report.gateFailures.count == 1 && failure.hasPrefix("q4_k_m: perplexity is "), "\(failure)")
        #expect(failure.hasSuffix(", over 2.0000, certain at 99.00 % after \(measured) chunks"), "\(failure)")
        #expect(failure.contains(" ± "), "\(failure)")
        #expect(try tiny.run().statuses == "cached cached failed cached skipped")

        // Another gate asks for the rest of the text.
        tiny.pipeline.gates = "q8_0: { max-mean-kld: 1 }, q4_k_m: { max-perplexity: 100000 }"
        let next = try tiny.run()
        #expect(next.gateFailures.isEmpty && next.builds.count == 2)
        let whole = try self.tiny(tiny.pipeline.gates, nil)
        try whole.run()
        #expect(try measurements(tiny) == measurements(whole))
    }

    @Test func aLimitThatDecidesNothingOnTheTextAsksForNoOtherMeasurement() throws {
        func gates(_ accuracy: Int, _ perplexity: Int) -> String {
            "q8_0: { min-accuracy: \(accuracy)% }, q4_k_m: { max-perplexity: \(perplexity), min-accuracy: \(accuracy)% }"
        }
        var tiny = try tiny(gates(1, 100_000))
        tiny.pipeline.tasks = Goldens.packageRoot.appending("texts/tasks.jsonl").string
        #expect(try tiny.run().gateFailures.isEmpty)
        tiny.pipeline.gates = gates(2, 100_000)
        #expect(try tiny.runner().plan().steps[2].action == .cached, "what is read of the text does not depend on it")
        tiny.pipeline.gates = gates(2, 90_000)
        let quality = try tiny.runner().plan().steps[2]
        #expect(quality.action == .run && quality.builds == ["q4_k_m"])
    }

    @Test func aRunThatEndsInTheMiddleResumesBehindWhatItScored() throws {
        let tiny = try tiny("q8_0: { max-mean-kld: 1 }, q4_k_m: { max-mean-kld: 1 }")
        let first = Events()
        #expect(throws: (any Error).self) {
            try tiny.runner(report: { event in
                _ = first.add(event)
                if event.step == "quality", event.event == .progress, 2 * (event.done ?? 0) > event.total ?? 0 {
                    throw Stopped()
                }
            }).run()
        }
        let second = Events()
        #expect(try tiny.runner(report: { _ = second.add($0) }).run().gateFailures.isEmpty)
        for build in ["q8_0", "q4_k_m"] {
            #expect(windows(second, of: build) < 6, "\(build): at most the windows behind the half, and one more")
        }
        let whole = try self.tiny(tiny.pipeline.gates, nil)
        try whole.run()
        #expect(try measurements(tiny) == measurements(whole))
        let making = tiny.scratch.appending("registry.db.work/tiny/.making").string
        #expect(try FileManager.default.contentsOfDirectory(atPath: making).isEmpty, "nothing is left of it")
    }

    @Test(arguments: [
        ("gates: { q8_0: { max-perplexity: 9 } }, early-stop: 40%", "from 50% to below 100%"),
        ("gates: { q8_0: { max-perplexity: 9 } }, early-stop: 100%", "from 50% to below 100%"),
        ("gates: { q8_0: { max-perplexity: 9 } }, early-stop: often", "must be a percentage"),
        ("early-stop: 99%", "no gate could be missed"),
        ("gates: { q8_0: { max-perplexity: 9 } }, pieces: 2, early-stop: 99%", "pieces are measured to the end"),
    ])
    func aStopThatMakesNoSenseHasItsPlace(_ settings: String, _ words: String) throws {
        let yaml = """
            pipeline: tiny
            version: 1.0.0
            model: { source: nowhere, license: mit }
            steps:
              - { id: f16, convert: { type: f16 } }
              - { id: builds, quantize: { model: f16, types: [q8_0] } }
              - { id: quality, validate: { builds: builds, text: text.txt, \(settings) } }
            """
        let error = try #require(throws: (any Error).self) {
            _ = try PipelineDefinition(text: yaml, path: "p.yaml")
        }
        #expect("\(error)".contains(words) && "\(error)".contains("p.yaml:7:"), "\(error)")
    }
}
