import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct QualityGateTests {
    @Test(arguments: [
        ("q4_k_m: { max-perplexity: 2 }", "q4_k_m: perplexity is ", ", over 2.0000"),
        ("q4_k_m: { max-bits-per-byte: 0.5 }", "q4_k_m: bits per byte is ", ", over 0.5000"),
        ("q4_k_m: { max-mean-kld: 0.0001 }", "q4_k_m: mean KL divergence is ", ", over 0.0001"),
        ("q4_k_m: { max-perplexity-increase: 0.01% }", "q4_k_m: the increase of perplexity is ", " %, over 0.0100 %"),
        ("q4_k_m: { min-same-top: 99.9% }", "q4_k_m: the same top token comes in ", " %, under 99.90 %"),
    ])
    func aGateThatIsNotMetStopsTheRunAndPublishesNothing(_ gate: String, _ head: String, _ tail: String) throws {
        var tiny = try TinyRun()
        tiny.pipeline.gates = "q8_0: { max-perplexity: 1000 }, " + gate
        let report = try tiny.run()
        #expect(report.statuses == "done done failed done skipped")
        #expect(report.gateFailures.count == 1)
        let failure = try #require(report.gateFailures.first)
        #expect(failure.hasPrefix(head) && failure.hasSuffix(tail), "\(failure)")
        #expect(report.builds.isEmpty)
        #expect(try tiny.published().isEmpty)

        #expect(try tiny.run().statuses == "cached cached failed cached skipped", "a cached number fails as well")
        tiny.pipeline.gates = ""
        #expect(try tiny.run().statuses == "cached cached cached cached done", "without the gate it goes on from there")
    }

    @Test func tasksAreAnsweredAndPublishedAndMayBeAGate() throws {
        var tiny = try TinyRun()
        tiny.pipeline.tasks = Goldens.packageRoot.appending("texts/tasks.jsonl").string
        tiny.pipeline.gates = "q8_0: { min-accuracy: 30% }"
        #expect(try tiny.run().gateFailures.isEmpty)
        let registry = try ModelRegistry(path: tiny.registry, mode: .readOnly)
        defer { try? registry.close() }
        let build = try registry.build(named: try BuildName("tiny@1.0.0:q8_0"))
        let accuracy = try registry.measurements(of: build.digest).first { $0.metric == Metric.accuracyPercent }
        #expect(try #require(accuracy).value > 30 && accuracy?.conditions["tasks"] == "40")
        tiny.pipeline.gates = "q8_0: { min-accuracy: 99% }"
        let failure = try #require(try tiny.run().gateFailures.first)
        #expect(failure.hasPrefix("q8_0: accuracy is ") && failure.hasSuffix(" %, under 99.00 %"))
    }

    @Test func aModelThatDoesNotAnswerIsNotPublished() throws {
        var tiny = try TinyRun()
        tiny.pipeline.questions = "usual, answer-tokens: 32, chat-form: 'Q: {prompt} A:'"
        tiny.pipeline.gates = "q8_0: { min-answered: 0% }"
        #expect(try tiny.run().gateFailures.isEmpty)
        let registry = try ModelRegistry(path: tiny.registry, mode: .readOnly)
        defer { try? registry.close() }
        let build = try registry.build(named: try BuildName("tiny@1.0.0:q8_0"))
        let answered = try registry.measurements(of: build.digest).first { $0.metric == Metric.answeredPercent }
        #expect(answered?.conditions["questions"] == "4" && answered?.conditions["form"] == "own")
        tiny.pipeline.gates = "q8_0: { min-answered: 100% }"
        let failure = try #require(try tiny.run().gateFailures.first)
        #expect(failure.hasPrefix("q8_0: 0 % of the questions are answered properly, under 100 %: "), "\(failure)")
        #expect(failure.contains("the answer to \"What is the capital of France?\" "), "\(failure)")
        #expect(try tiny.run().statuses == "cached cached failed cached skipped", "nothing is asked twice")
    }

    @Test(arguments: [
        ("max-size: 1MB", "q8_0: the file has ", ", over 1.0 MB"),
        ("max-memory: 10MB", "q8_0: on pixel-8 it takes about ", ", over 10.0 MB"),
        ("min-speed: 1000000", "q8_0: on pixel-8 it makes about ", " tokens a second, under 1000000.0"),
        ("max-battery: 0%", "q8_0: on pixel-8 a thousand tokens take ", " % of the battery, over 0.00 %"),
    ])
    func whatAPhoneCannotDoIsNotPublished(_ gate: String, _ head: String, _ tail: String) throws {
        var tiny = try TinyRun()
        tiny.pipeline.fitGates = "q8_0: { \(gate) }"
        let report = try tiny.run()
        #expect(report.statuses == "done done done failed skipped")
        let failure = try #require(report.gateFailures.first)
        #expect(failure.hasPrefix(head) && failure.hasSuffix(tail), "\(failure)")
        #expect(try tiny.published().isEmpty)
        tiny.pipeline.fitGates = "q8_0: { fits: true, max-size: 1GB, min-speed: 1 }"
        #expect(try tiny.run().statuses == "cached cached cached cached done")
    }

    @Test func aVersionIsHeldAgainstTheOneInItsChannel() throws {
        var tiny = try TinyRun()
        let gate = "q4_k_m: { over: candidate, max-bits-per-byte-increase: 0% }"
        tiny.pipeline.gates = gate
        tiny.pipeline.fitGates =
            "q4_k_m: { over: candidate, max-size-increase: 1%, max-speed-loss: 1%, max-memory-increase: 1% }"
        #expect(try tiny.run().gateFailures.isEmpty, "nothing is published yet to be held against")
        #expect(try tiny.run().gateFailures.isEmpty, "what is published is no worse than itself")

        tiny.pipeline.version = "1.1.0"
        tiny.pipeline.rule = "tensor-types: { ffn_down: q8_0 }"
        let larger = try tiny.run().gateFailures
        #expect(
            larger.contains {
                $0.hasPrefix("q4_k_m: the file is ") && $0.contains(" % larger than tiny@1.0.0:q4_k_m, over 1.0 %")
            }
        )

        tiny.pipeline.fitGates = ""
        tiny.pipeline.rule = "tensor-types: { ffn: q2_k }"
        let worse = try #require(try tiny.run().gateFailures.first)
        let head = "q4_k_m: the increase of bits per byte over tiny@1.0.0:q4_k_m is "
        #expect(worse.hasPrefix(head) && worse.hasSuffix(" %, over 0.0000 %"), "\(worse)")
    }

    @Test func gatesThatAreMetLetTheRunPass() throws {
        var tiny = try TinyRun()
        tiny.pipeline.gates =
            "q8_0: { max-perplexity: 1000, max-bits-per-byte: 9, max-mean-kld: 1, max-perplexity-increase: 50%, "
            + "min-same-top: 10% }"
        let report = try tiny.run()
        #expect(report.gateFailures.isEmpty)
        #expect(report.builds.count == 2)
    }

    /// The type of a model that keeps its own precision is known only once it is read.
    @Test func aGateOfAnAutomaticConversionIsApplied() throws {
        let tiny = try TinyRun()
        let text = """
            pipeline: tiny
            version: 1.0.0
            model: { source: "\(tiny.pipeline.source)" }
            steps:
              - { id: full, convert: { type: auto } }
              - id: quality
                validate:
                  { builds: full, text: "\(tiny.pipeline.text)", context: 64, chunks: 1, gates: { auto: { max-perplexity: 1 } } }
            """
        let runner = PipelineRunner(try definition(text), RunOptions(registry: tiny.registry, threads: 2))
        let failures = try runner.run().gateFailures
        #expect(failures.count == 1)
        #expect(failures.first?.hasPrefix("bf16: perplexity is ") == true)
    }
}
