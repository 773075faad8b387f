import Foundation
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// A `validate` step whose text is cut into pieces.
@Suite struct ValidatePiecesTests {
    /// Everything that was measured, but for when.
    private func measurements(_ tiny: TinyRun) throws -> [String: [MeasurementRecord]] {
        let registry = try ModelRegistry(path: tiny.registry, mode: .readOnly)
        defer { try? registry.close() }
        return try Dictionary(
            uniqueKeysWithValues: registry.builds().map { ("\($0.name)", try registry.measurements(of: $0.digest)) }
        )
    }

    private func run(pieces: Int, tasks: Bool = false) throws -> TinyRun {
        var tiny = try TinyRun()
        (tiny.pipeline.chunks, tiny.pipeline.pieces) = (5, pieces)
        if tasks { tiny.pipeline.tasks = Goldens.packageRoot.appending("texts/tasks.jsonl").string }
        return tiny
    }

    @Test func figuresAreThoseOfOneRunToTheLastDigit() throws {
        let whole = try run(pieces: 1, tasks: true)
        try whole.run()
        let expected = try measurements(whole)
        #expect(expected.count == 2 && expected.values.allSatisfy { $0.count > 8 })
        for count in [2, 3, 7] {
            let tiny = try run(pieces: count, tasks: true)
            let report = try tiny.run()
            #expect(report.steps.map(\.step).filter { $0.hasPrefix("quality+") }.count == count)
            #expect(try measurements(tiny) == expected, "\(count) pieces")
            #expect(try tiny.run().steps.allSatisfy { $0.status == .cached })
        }
    }

    /// What is kept for joining is of no use once the figures are known.
    @Test func piecesNeedNotBeThereOnceTheyAreJoined() throws {
        var tiny = try run(pieces: 2)
        let report = try tiny.run()
        let files = report.steps.filter { $0.step.hasPrefix("quality+") }
        #expect(files.count == 2)
        let contents = tiny.scratch.appending("registry.db.work/cas")
        for name in try FileManager.default.contentsOfDirectory(atPath: contents.string) {
            let path = contents.appending(name).string
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            if size < 200_000 { try FileManager.default.removeItem(atPath: path) }
        }
        tiny.pipeline.version = "1.0.1"
        #expect(try tiny.run().steps.filter { $0.status != .cached }.map(\.step) == ["publish"])
    }

    @Test func askingForTheStepAsksForItsPieces() throws {
        let tiny = try run(pieces: 2)
        try tiny.run { $0.only = "f16" }
        try tiny.run { $0.only = "builds" }
        #expect(try tiny.run { $0.only = "quality" }.statuses == "cached cached done done done skipped skipped")
    }

    /// Each piece of each build is a task of its own, which another machine may have.
    @Test func tasksOfSeveralMachinesGiveTheSameFigures() throws {
        let (tiny, shared) = (try run(pieces: 3), try ScratchFolder())
        func machine() throws -> PipelineTasks {
            let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
            var options = RunOptions(registry: tiny.registry, threads: 1)
            options.cache.place = .folder(shared.appending("cache"))
            options.workPlace = shared.appending("machine-\(UUID())")
            return PipelineTasks(definition, options)
        }
        let nodes = try machine().nodes()
        let pieces = nodes.filter { $0.step.hasPrefix("quality+") }
        #expect(pieces.map(\.name).contains("quality+3[q4_k_m]") && pieces.count == 6)
        let whole = try #require(nodes.first { $0.name == "quality[q8_0]" })
        #expect(whole.inputs.sorted() == ["builds[q8_0]", "quality+1[q8_0]", "quality+2[q8_0]", "quality+3[q8_0]"])
        for node in nodes where !node.publishes {
            let outcome = try machine().make(keys: [node.key], called: [node.name])
            #expect(outcome.nodes.map(\.status) == [.done], "\(node.name)")
        }
        #expect(try machine().publish().problems.isEmpty)
        let local = try run(pieces: 1)
        try local.run()
        #expect(try measurements(tiny) == measurements(local))
    }

    @Test func anEmbeddingModelIsNotCut() throws {
        var tiny = try TinyRun()
        tiny.pipeline.source = try EmbeddingRunTests.write("model", in: tiny.scratch).string
        (tiny.pipeline.context, tiny.pipeline.chunks, tiny.pipeline.pieces) = (64, 20, 2)
        let error = try #require(throws: PipelineError.self) { try tiny.run() }
        #expect("\(error)".contains("'pieces' cuts the text of a language model"), "\(error)")
    }
}
