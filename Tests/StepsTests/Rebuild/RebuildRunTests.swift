import BinaryIO
import Foundation
import Pipeline
import Registry
import Settings
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// Published builds that are made again and compared.
@Suite struct RebuildRunTests {
    private var tiny: TinyRun

    init() throws {
        tiny = try TinyRun()
        try tiny.copySource()
    }

    private func rebuild(_ version: String = "tiny@1.0.0", _ change: (inout RebuildRequest) -> Void = { _ in }) throws
        -> RebuildReport
    {
        var request = RebuildRequest(version, registry: tiny.registry)
        request.threads = 2
        change(&request)
        return try RebuildRun(request).run()
    }

    private func refusal(_ version: String = "tiny@1.0.0", _ change: (inout RebuildRequest) -> Void = { _ in }) throws
        -> String
    {
        let error = try #require(throws: RebuildError.self) { try rebuild(version, change) }
        return "\(error)"
    }

    @Test func everyBuildHasTheBytesThatWerePublished() throws {
        try tiny.run()
        let before = try tiny.published()
        // Neither what is measured nor the cache is needed.
        try FileManager.default.removeItem(atPath: tiny.registry.string + ".work")
        let report = try rebuild()
        #expect(report.isSame && report.version == "tiny@1.0.0")
        #expect(Dictionary(uniqueKeysWithValues: report.builds.map { ($0.build, "\($0.recorded)") }) == before)
        #expect(report.builds.allSatisfy { $0.rebuilt == $0.recorded && $0.publishedBy == Edgepipe.version })
        let left = try FileManager.default.contentsOfDirectory(atPath: tiny.registry.string + ".work")
        #expect(left.isEmpty, "the scratch folder is gone")
        #expect(try rebuild("tiny@candidate:q8_0").builds.map(\.build) == ["tiny@1.0.0:q8_0"])
        #expect(try tiny.published() == before)
    }

    /// A cache that lies is not asked.
    @Test func whatTheCacheHoldsDoesNotCount() throws {
        try tiny.run()
        let contents = tiny.scratch.appending("registry.db.work/cas")
        for name in try FileManager.default.contentsOfDirectory(atPath: contents.string) {
            try? FileManager.default.removeItem(atPath: contents.appending(name).string)
            try writeFile(Array("another".utf8), to: contents.appending(name))
        }
        #expect(try rebuild().isSame)
    }

    @Test func theSourceOfThenIsNeeded() throws {
        try tiny.run()
        let source = FilePath(tiny.pipeline.source)
        let config = source.appending("config.json")
        let json = try readFile(config, limit: 1 << 20)
        try writeFile(json + [0x20], to: config)
        let changed = try refusal()
        #expect(changed.contains("was made of files with the digest") && changed.contains(source.string), "\(changed)")
        try writeFile(json, to: config)
        let moved = source.removingLastComponent().appending("moved")
        try FileManager.default.moveItem(atPath: source.string, toPath: moved.string)
        let away = try refusal()
        #expect(
            away.contains("tiny@1.0.0 was made of \(source)") && away.contains("there is no such folder"),
            "\(away)"
        )
        // Where the files are now, another pipeline file says.
        var other = tiny.pipeline
        other.source = moved.string
        let file = try tiny.scratch.write(other.yaml, to: "other.yaml")
        #expect(try rebuild { $0.pipeline = file }.builds.count == 2)
    }

    /// What a step read beside the model is named by the lineage.
    @Test func theTextsMatricesAndRecipesOfThenAreNeeded() throws {
        var tiny = tiny
        let text = try readFile(FilePath(tiny.pipeline.text), limit: 1 << 20)
        try tiny.scratch.write(text, to: "calibration.txt")
        tiny.pipeline.imatrixStep =
            "  - { id: importance, imatrix: { model: f16, text: calibration.txt, context: 64, chunks: 2 } }"
        tiny.pipeline.imatrix = "importance"
        try tiny.run()
        #expect(try rebuild().isSame)
        try tiny.scratch.write(text + Array(" More.".utf8), to: "calibration.txt")
        let changed = try refusal()
        let (then, now) = (SHA256Digest(of: text).short, SHA256Digest(of: text + Array(" More.".utf8)).short)
        #expect(
            changed.hasPrefix("step 'importance' read \(then) when tiny@1.0.0:")
                && changed.contains("calibration.txt is \(now) now"),
            "\(changed)"
        )
        // A matrix that is given as a file.
        let work = tiny.scratch.appending("registry.db.work/tiny")
        let names = try FileManager.default.contentsOfDirectory(atPath: work.string)
        let folder = work.appending(try #require(names.first { $0.hasPrefix("importance-") }))
        let bytes = try readFile(folder.appending("importance.gguf"), limit: 1 << 24)
        try tiny.scratch.write(bytes, to: "given.gguf")
        (tiny.pipeline.imatrixStep, tiny.pipeline.imatrix, tiny.pipeline.version) = ("", "given.gguf", "2.0.0")
        try tiny.run()
        #expect(try rebuild("tiny@2.0.0").isSame)
        let other = try readFile(Goldens.tinyPhi3.appending("imatrix.gguf"), limit: 1 << 24)
        try tiny.scratch.write(other, to: "given.gguf")
        #expect(try refusal("tiny@2.0.0").contains("step 'builds' read \(SHA256Digest(of: bytes).short) when"))
    }

    /// What is recorded decides, and not what the file says now.
    @Test func thePipelineOfThenIsTaken() throws {
        try tiny.scratch.write("vars: { type: f16 }\n", to: "common.yaml")
        let text =
            "import: common.yaml\n"
            + tiny.pipeline.yaml.replacingOccurrences(of: "{ type: f16 }", with: "{ type: \"${{ vars.type }}\" }")
        let path = tiny.scratch.appending("p.yaml")
        let definition = try PipelineDefinition(
            text: text,
            path: path,
            overrides: ["version=2.0.0", "builds.pure=true"]
        )
        _ = try PipelineRunner(definition, RunOptions(registry: tiny.registry, threads: 2)).run()
        try FileManager.default.removeItem(atPath: tiny.scratch.appending("common.yaml").string)
        #expect(try rebuild("tiny@2.0.0").isSame)
        // The file by itself makes other builds.
        let file = try tiny.scratch.write(tiny.pipeline.yaml, to: "plain.yaml")
        let other = try rebuild("tiny@2.0.0") { $0.pipeline = file }
        #expect(!other.isSame && other.builds.count == 2)
        #expect(other.builds.contains { $0.rebuilt != nil && $0.rebuilt != $0.recorded })
        #expect(
            try rebuild("tiny@2.0.0") {
                $0.pipeline = file
                $0.overrides = ["builds.pure=true"]
            }.isSame
        )
    }

    @Test func aBuildThatThePipelineNoLongerMakesIsNamed() throws {
        try tiny.run()
        var other = tiny.pipeline
        other.types = "q8_0"
        let file = try tiny.scratch.write(other.yaml, to: "fewer.yaml")
        let report = try rebuild { $0.pipeline = file }
        let missing = try #require(report.builds.first { $0.build == "tiny@1.0.0:q4_k_m" })
        #expect(!report.isSame && missing.rebuilt == nil && missing.problem == "the pipeline does not make this build")
        #expect(report.builds.contains { $0.build == "tiny@1.0.0:q8_0" && $0.isSame })
        let unrelated = try tiny.scratch.write(
            tiny.pipeline.yaml.replacingOccurrences(of: "pipeline: tiny", with: "pipeline: other"),
            to: "unrelated.yaml"
        )
        #expect(try refusal { $0.pipeline = unrelated }.contains("makes no 'tiny'"))
    }

    @Test func whatTheRegistryDoesNotKnowIsSaid() throws {
        try tiny.run()
        #expect(throws: RegistryError.self) { try rebuild("tiny@9.0.0") }
        // Builds that come from elsewhere bring what is known of them, and no pipeline file.
        let layout = tiny.scratch.appending("layout")
        try TestRegistry(tiny.registry).export(["tiny@1.0.0:q8_0"], to: layout)
        let other = try TestRegistry(new: tiny.scratch.appending("other.db"))
        try other.importLayout(layout)
        let missing = try refusal { $0.registry = other.path }
        #expect(
            missing.contains("the registry does not keep the pipeline file that made tiny@1.0.0:q8_0"),
            "\(missing)"
        )
        let file = try tiny.scratch.write(tiny.pipeline.yaml, to: "tiny.yaml")
        #expect(
            try rebuild {
                $0.registry = other.path
                $0.pipeline = file
            }.isSame
        )
        let model = tiny.scratch.appending("pulled.gguf")
        try other.pull("tiny@1.0.0:q8_0", to: model)
        try other.importFile(model, as: "imported@1.0.0:f16")
        #expect(try refusal("imported@1.0.0") { $0.registry = other.path }.contains("was not made by a pipeline"))
    }

    /// Builds of one version that several files and runs made, and a projector's like.
    @Test func eachBuildIsMadeByThePipelineThatMadeIt() throws {
        try tiny.run()
        var second = tiny
        second.pipeline.types = "q4_0"
        second.pipeline.rule = "leave-output-tensor: true"
        try second.run()
        let report = try rebuild()
        #expect(report.builds.map(\.build).sorted() == ["tiny@1.0.0:q4_0", "tiny@1.0.0:q4_k_m", "tiny@1.0.0:q8_0"])
        #expect(report.isSame)
    }
}
