import BinaryIO
import Foundation
import Registry
import Testing

@Suite struct ModelRegistryStepsTests {
    private let step = StepRecord(
        key: SHA256Digest(of: "key".utf8),
        stepKind: "quantize",
        implementationVersion: "1",
        outputs: #"{"q4_k_m":"abc"}"#,
        seconds: 1.5,
        finishedAt: Date(timeIntervalSince1970: 1_700_000_000.125)
    )

    @Test func aFinishedStepIsRememberedAcrossOpenings() throws {
        let scratch = try Scratch()
        #expect(try scratch.registry().stepRecord(for: step.key) == nil)
        try scratch.registry().record(step)
        #expect(try scratch.registry(.readOnly).stepRecord(for: step.key) == step)
    }

    @Test func theSameKeyAgainReplacesTheRecord() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.record(step)
        var again = step
        again.outputs = "{}"
        try registry.record(again)
        #expect(try registry.stepRecord(for: step.key) == again)
    }

    @Test func outputsMustBeJSON() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var broken = step
        broken.outputs = "{"
        #expect(refusal { try registry.record(broken) } != nil)
        #expect(try registry.stepRecord(for: step.key) == nil)
    }

    @Test func aRunIsUpdatedWhenItEnds() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var run = RunRecord(
            id: "one",
            pipeline: "phi3",
            pipelineDigest: SHA256Digest(of: "p".utf8),
            toolVersion: "0.1.0",
            status: .running,
            startedAt: Date(timeIntervalSince1970: 1_700_000_000)
        )
        try registry.record(run)
        run.status = .done
        run.finishedAt = Date(timeIntervalSince1970: 1_700_000_100)
        try registry.record(run)
        #expect(try registry.runs() == [run])
    }
}
