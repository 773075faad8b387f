import Answers
import BinaryIO
import DeviceFit
import Distribution
import Foundation
import GGUF
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// A model and what it sees with are published, pulled, exported and withdrawn as a pair.
@Suite struct ProjectorPairTests {
    private var run: TinyRun
    private let file: FilePath

    init() throws {
        run = try TinyRun()
        file = run.scratch.appending("sight.gguf")
        try SyntheticProjector().write(to: file)
        run.pipeline.projector = file.string
    }

    private var registry: TestRegistry { TestRegistry(run.registry) }
    private let projector = "tiny@1.0.0:mmproj-f32"

    private func refusal(_ body: () throws -> some Any) -> String {
        do { _ = try body() } catch { return "\(error)" }
        return "nothing was refused"
    }

    @Test func aPipelinePublishesBothHalvesAndPullBringsThem() throws {
        let report = try run.run()
        #expect(report.builds.map(\.build) == [projector, "tiny@1.0.0:q8_0", "tiny@1.0.0:q4_k_m"])
        #expect(report.steps.first { $0.step == "sight" }?.outputs.first?.hasSuffix("/mmproj-f32.gguf") == true)
        let output = run.scratch.appending("model.gguf")
        let pulled = try registry.pull("tiny:q4_k_m", to: output)
        #expect(pulled.projector?.build == projector)
        let other = run.scratch.appending("mmproj-model.gguf")
        #expect(pulled.projector?.output == other.string)
        let tensors = try (GGUFFile(path: other).tensors, GGUFFile(path: file).tensors)
        #expect(tensors.0 == tensors.1)
        #expect(try run.run().statuses == "cached cached cached cached cached cached")
    }

    @Test mutating func whatAModelSeesWithIsNeitherRankedNorMeantByTheModelsName() throws {
        run.pipeline.types = "q8_0"
        try run.run()
        let answer = try registry.answer(BuildQuery())
        #expect(answer.best?.build == "tiny@1.0.0:q8_0" && answer.alternatives.isEmpty && answer.refused.isEmpty)
        #expect(answer.best?.note?.contains("it takes images with mmproj-f32") == true)
        #expect(answer.best?.note?.contains("an image takes 4 tokens") == true)
        let pulled = try registry.pull("tiny", to: run.scratch.appending("model.gguf"))
        #expect(pulled.build == "tiny@1.0.0:q8_0")
    }

    @Test func imagesCountAsMemoryWhereTheyAreAskedFor() throws {
        try run.run()
        var query = try BuildQuery(ram: "3GB", platform: "android", maxSize: nil)
        let without = try #require(try registry.answer(query).best?.peakMemoryBytes)
        query.takesImages = true
        let with = try #require(try registry.answer(query).best?.peakMemoryBytes)
        let facts = try registry.details(of: "tiny@1.0.0:q8_0").build.facts
        let projector = try #require(ModelProfile(stored: facts.profile)?.projector)
        #expect(projector.bytes == (try GGUFFile(path: file).tensors.reduce(0) { $0 + $1.byteCount }))
        #expect(try #require(projector.computeBytes) > 0 && projector.pictureSide == 112)
        #expect(with - without == projector.memoryBytes)
        // The `fit` step took it along, too.
        let fits = try registry.details(of: "tiny@1.0.0:q8_0").fits
        let estimate = try JSONDecoder().decode(FitEstimate.self, from: Data(try #require(fits.first).payload.utf8))
        #expect(estimate.memory.projector?.mid == with - without)
    }

    @Test mutating func aModelWithoutAProjectorTakesNoImages() throws {
        run.pipeline.projector = nil
        try run.run()
        var query = BuildQuery()
        query.takesImages = true
        let answer = try registry.answer(query)
        #expect(answer.best == nil)
        #expect(answer.refused.allSatisfy { $0.reasons == ["it takes no images: no projector was published with it"] })
    }

    @Test func aProjectorOfAnotherWidthPublishesNothing() throws {
        try SyntheticProjector(width: 320).write(to: file)
        let error = refusal { try run.run() }
        #expect(error.contains("makes embeddings of 320 elements"))
        #expect(error.contains("they are parts of different models"))
        #expect(try run.published().isEmpty)
    }

    @Test mutating func aModelsOwnFileIsNoProjector() throws {
        run.pipeline.projector = Goldens.packageRoot.appending("models/tiny-phi3").string
        let folder = refusal { try run.run() }
        #expect(folder.contains("sight"))
        let model = run.scratch.appending("phi.gguf")
        try Self.language(at: model)
        run.pipeline.projector = model.string
        let error = refusal { try run.run() }
        #expect(error.contains("this is not a projector (mmproj)"))
    }

    private static func language(at path: FilePath) throws {
        _ = try Operations.convert(
            Goldens.packageRoot.appending("models/tiny-phi3").string,
            to: path,
            ConvertRequest(),
            threads: 2,
            progress: { _, _, _ in }
        )
    }

    @Test func aGGUFSourceHasNoProjectorOfItsOwn() throws {
        let model = run.scratch.appending("phi.gguf")
        try Self.language(at: model)
        let text = """
            pipeline: tiny
            version: 1.0.0
            model: { source: "\(model)", license: mit }
            steps:
              - id: sight
                projector: {}
            """
        let definition = try PipelineDefinition(text: text, path: run.scratch.appending("p.yaml"))
        let error = refusal {
            try PipelineRunner(definition, RunOptions(registry: run.registry, threads: 1)).run()
        }
        #expect(error.contains("nothing is left of what the model sees with"))
    }

    @Test func anExportOfOneBuildTakesItsProjectorAlong() throws {
        try run.run()
        let folder = run.scratch.appending("exported")
        #expect(try registry.export(["tiny:q8_0"], to: folder).builds == [projector, "tiny@1.0.0:q8_0"])
        let other = try TestRegistry(new: run.scratch.appending("other.db"))
        try other.importLayout(folder)
        let pulled = try other.pull("tiny:q8_0", to: run.scratch.appending("there.gguf"))
        #expect(pulled.projector?.build == projector)
    }

    @Test func halfAPairIsNotImported() throws {
        try run.run()
        let folder = run.scratch.appending("exported")
        try registry.export(["tiny:q8_0"], to: folder)
        let index = folder.appending("index.json")
        var json = try #require(
            try JSONSerialization.jsonObject(with: Data(try readFile(index, limit: 1 << 20))) as? [String: Any]
        )
        let manifests = try #require(json["manifests"] as? [[String: Any]])
        json["manifests"] = manifests.filter { "\($0)".contains("q8_0") }
        try JSONSerialization.data(withJSONObject: json).write(to: URL(fileURLWithPath: index.string))
        let other = try TestRegistry(new: run.scratch.appending("other.db"))
        let error = refusal { try other.importLayout(folder) }
        #expect(error.contains("tiny@1.0.0:q8_0 sees with \(projector), which is not here"))
        #expect(try other.builds().isEmpty)
    }

    @Test func filesMadeElsewhereComeAsAPair() throws {
        let model = run.scratch.appending("phi.gguf")
        try Self.language(at: model)
        let registry = try TestRegistry(new: run.scratch.appending("other.db"))
        let pair = try FileImport(model, as: "phi@1.0.0:bf16", seeingWith: file)
        let published = try RegistrySession.with(registry.path, .changing) {
            try pair.publish(into: $0.registry) { _, _, _ in }
        }
        #expect("\(published.record.name)" == "phi@1.0.0:bf16")
        #expect(try registry.builds().map(\.name.type) == ["bf16", "mmproj-f32"])
        let error = refusal { try FileImport(file, as: "phi@2.0.0:mmproj-f16") }
        #expect(error.contains("are for what models see with"))
        try SyntheticProjector(width: 128).write(to: file)
        #expect(throws: DeviceFitError.self) { _ = try FileImport(model, as: "phi@2.0.0:bf16", seeingWith: file) }
    }
}
