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

/// Runs beside a lock file.
@Suite struct LockedRunTests {
    private var tiny: TinyRun

    init() throws {
        tiny = try TinyRun()
        try tiny.copySource()
        let text = try Data(contentsOf: URL(fileURLWithPath: tiny.pipeline.text))
        try tiny.scratch.write(text, to: "texts/sample.txt")
        tiny.pipeline.text = "texts/sample.txt"
        tiny.pipeline.imatrixStep =
            "  - { id: importance, imatrix: { model: f16, text: texts/sample.txt, context: 64, chunks: 2 } }"
        tiny.pipeline.imatrix = "importance"
    }

    private var path: FilePath { tiny.scratch.appending("edgepipe.lock") }

    private func definition(_ tiny: TinyRun) throws -> PipelineDefinition {
        try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
    }

    @discardableResult
    private func run(
        _ tiny: TinyRun,
        _ mode: LockUse.Mode,
        isPart: Bool = false,
        _ change: (inout RunOptions) -> Void = { _ in },
        report: @escaping PipelineRunner.Report = { _ in }
    ) throws -> RunReport {
        var options = RunOptions(registry: tiny.registry, threads: 2)
        change(&options)
        let use = LockUse(mode, isPart: isPart)
        return try PipelineRunner(try definition(tiny), options, lock: use, report: report).run()
    }

    @discardableResult
    private func lock(_ tiny: TinyRun) throws -> LockReport {
        try LockRun(try definition(tiny), RunOptions(registry: tiny.registry)).run()
    }

    private func entry() throws -> PipelineLock {
        try #require(try LockFile(ifThereAt: path)?.entries["p.yaml"])
    }

    private func refusal(_ tiny: TinyRun, _ change: (inout RunOptions) -> Void = { _ in }) throws -> String {
        let error = try #require(throws: LockError.self) { try run(tiny, .require, change) }
        #expect(error.isBadInput)
        return "\(error)"
    }

    @Test func aLockHoldsWhatIsReadAndThenWhatIsMade() throws {
        let first = try lock(tiny)
        #expect(first.isChanged && first.known == 0 && first.inputs == 1 && first.differences.isEmpty)
        #expect(FileStatus(tiny.registry) == nil, "no step ran, and nothing was published")
        let before = try entry()
        let files = try #require(before.sources[tiny.pipeline.source]).files
        #expect(files["model.safetensors"] != nil && files["config.json"] != nil && files["tokenizer.model"] != nil)
        #expect(before.inputs.keys.sorted() == ["texts/sample.txt"])
        #expect(
            before.nodes.keys.sorted() == [
                "builds[q4_k_m]", "builds[q8_0]", "f16", "fit[q4_k_m]", "fit[q8_0]", "importance",
                "quality[q4_k_m]", "quality[q8_0]",
            ]
        )
        try run(tiny, .require)
        #expect(try entry() == before, "a locked run writes nothing")
        try run(tiny, .follow)
        let after = try entry()
        let builds = try tiny.published()
        #expect(after.nodes["builds[q8_0]"]?.files.mapValues { "\($0)" } == ["q8_0.gguf": builds["tiny@1.0.0:q8_0"]])
        #expect(after.knownCount == 4)
        try run(tiny, .require)
        let again = try lock(tiny)
        #expect(!again.isChanged && again.known == 4)
    }

    @Test func aLockIsMadeWhereItIsAskedForAndNowhereElse() throws {
        try run(tiny, .follow)
        #expect(FileStatus(path) == nil)
        let error = try #require(throws: LockError.self) { try run(tiny, .require) }
        #expect("\(error)".contains("there is no \(path)") && "\(error)".contains("edgepipe lock"), "\(error)")
        try run(tiny, .write)
        #expect(try entry().knownCount == 4)
        // Another pipeline of the folder has an entry of its own.
        var file = try #require(try LockFile(ifThereAt: path))
        file.entries = ["other.yaml": PipelineLock()]
        try writeFile(file.text.utf8, to: path)
        try run(tiny, .follow)
        #expect(try LockFile(ifThereAt: path) == file)
        #expect(try refusal(tiny).contains("knows no pipeline 'p.yaml'"))
        try run(tiny, .write)
        #expect(try LockFile(ifThereAt: path)?.entries.keys.sorted() == ["other.yaml", "p.yaml"])
    }

    @Test func whatDiffersIsNamedBeforeTheFirstStep() throws {
        try run(tiny, .write)
        let published = try tiny.published()
        let texts = tiny.scratch.appending("texts/sample.txt")
        let text = try readFile(texts, limit: 1 << 20)
        try writeFile(text + Array(" More.".utf8), to: texts)
        let changed = try refusal(tiny)
        let old = SHA256Digest(of: text).short
        #expect(changed.contains("file texts/sample.txt: \(old) in the lock, "), "\(changed)")
        #expect(changed.contains("edgepipe lock"))
        try writeFile(text, to: texts)
        try run(tiny, .require)

        let config = FilePath(tiny.pipeline.source).appending("config.json")
        let json = try readFile(config, limit: 1 << 20)
        try writeFile(json + [0x20], to: config)
        #expect(try refusal(tiny).contains("file config.json of \(tiny.pipeline.source): "))
        try FileManager.default.removeItem(
            atPath: FilePath(tiny.pipeline.source).appending("generation_config.json").string
        )
        #expect(try refusal(tiny).contains("generation_config.json") && refusal(tiny).contains("and not there"))
        try lock(tiny)

        var other = tiny
        other.pipeline.rule = "pure: true"
        #expect(try refusal(other).contains("step builds[q8_0]: other settings than in the lock"))
        other = tiny
        other.pipeline.types += ", q4_0"
        #expect(try refusal(other).contains("step builds[q4_0]: not in the lock"))
        other = tiny
        other.pipeline.types = "q8_0"
        try run(other, .require)
        #expect(try tiny.published() == published)
    }

    /// The last bytes decide: what the lock has and what is made.
    @Test func aBuildWithAnotherDigestEndsTheRunBeforeItIsPublished() throws {
        try run(tiny, .write)
        var file = try #require(try LockFile(ifThereAt: path))
        let wrong = SHA256Digest(of: "another".utf8)
        file.entries["p.yaml"]?.nodes["builds[q4_k_m]"]?.files = ["q4_k_m.gguf": wrong]
        try writeFile(file.text.utf8, to: path)
        var other = try TinyRun()
        other.pipeline = tiny.pipeline
        // What the cache has is not what the lock has, so it is made again.
        let events = Events()
        let error = try #require(throws: PipelineError.self) {
            try run(tiny, .require) {
                $0.registry = other.registry; $0.cache.place = .folder(tiny.scratch.appending("registry.db.work"))
            } report: {
                _ = events.add($0)
            }
        }
        #expect("\(error)".contains("step 'builds[q4_k_m]' made 'q4_k_m.gguf' with the digest"), "\(error)")
        #expect("\(error)".contains("where the lock has \(wrong.short)"))
        #expect(try other.published().isEmpty)
        #expect(events.all.contains { $0.step == "builds" && $0.event == .stepStarted })
        #expect(!events.all.contains { $0.step == "publish" })
    }

    @Test func aRunOfSomeBuildsKeepsWhatIsKnownOfTheOthers() throws {
        try run(tiny, .write)
        let whole = try entry()
        var part = tiny
        part.pipeline.types = "q8_0"
        try run(part, .follow, isPart: true)
        #expect(try entry() == whole)
        try run(part, .follow)
        #expect(try entry().nodes["builds[q4_k_m]"] == nil)
    }

    @Test func aRunWithOtherSettingsLeavesTheLockAsItIs() throws {
        try lock(tiny)
        let before = try entry()
        func run(_ override: String) throws {
            let definition = try PipelineDefinition(
                text: tiny.pipeline.yaml,
                path: tiny.scratch.appending("p.yaml"),
                overrides: [override]
            )
            let options = RunOptions(registry: tiny.registry, threads: 2)
            _ = try PipelineRunner(definition, options, lock: LockUse(.follow)).run()
        }
        try run("builds.pure=true")
        #expect(try entry() == before)
        try run("version=2.0.0")
        #expect(try entry().knownCount == 4)
    }

    @Test func whatWasMadeOfOtherBytesIsForgotten() throws {
        try run(tiny, .write)
        let config = FilePath(tiny.pipeline.source).appending("config.json")
        try writeFile(try readFile(config, limit: 1 << 20) + [0x20], to: config)
        let report = try lock(tiny)
        #expect(report.known == 0 && report.differences.contains { $0.contains("config.json") }, "\(report)")
        // And without a change it is kept, though the cache is gone.
        try run(tiny, .follow)
        #expect(try entry().knownCount == 4)
        try FileManager.default.removeItem(atPath: tiny.registry.string + ".work")
        #expect(try lock(tiny).known == 4)
    }

    @Test func aDamagedLockEndsEveryRunThatLooksAtIt() throws {
        try writeFile(Array("format: 1\n".utf8), to: path)
        for mode in [LockUse.Mode.follow, .write, .require] {
            #expect(throws: SettingsError.self) { try run(tiny, mode) }
        }
        #expect(throws: SettingsError.self) { try lock(tiny) }
        #expect(FileStatus(tiny.registry) == nil)
    }

    @Test func aLockThatCannotBeWrittenCostsNoRun() throws {
        try lock(tiny)
        let (events, path) = (Events(), path)
        try run(tiny, .follow) { _ in
        } report: { event in
            _ = events.add(event)
            // Cut off while the steps run.
            if event.event == .stepFinished, event.step == "f16" {
                try writeFile(Array("format: 1\n".utf8), to: path)
            }
        }
        let remarks = events.all.filter { $0.event == .remark }.compactMap(\.detail)
        #expect(remarks.contains { $0.hasPrefix("the lock was not written: ") }, "\(remarks)")
        #expect(try tiny.published().count == 2)
    }

    @Test func importedFilesAndOverridesCount() throws {
        let steps = """
            vars: { type: f16 }
            """
        try tiny.scratch.write(steps, to: "shared/common.yaml")
        let text =
            "import: shared/common.yaml\n"
            + tiny.pipeline.yaml.replacingOccurrences(of: "{ type: f16 }", with: "{ type: \"${{ vars.type }}\" }")
        let file = tiny.scratch.appending("q.yaml")
        func lock(_ overrides: [String] = []) throws -> LockReport {
            let definition = try PipelineDefinition(text: text, path: file, overrides: overrides)
            return try LockRun(definition, RunOptions(registry: tiny.registry)).run()
        }
        _ = try lock()
        let inputs = try #require(try LockFile(ifThereAt: path)?.entries["q.yaml"]).inputs
        #expect(inputs.keys.sorted() == ["shared/common.yaml", "texts/sample.txt"])
        #expect(inputs["shared/common.yaml"] == SHA256Digest(of: steps.utf8))
        #expect(try lock(["vars.type=f32"]).differences.contains("step f16: other settings than in the lock"))
    }

    /// Several files of a folder, whose runs end at one time.
    @Test func entriesThatAreWrittenAtOnceAreAllThere() throws {
        let names = (0..<8).map { "p\($0).yaml" }
        let runs = try names.enumerated().map { index, name in
            let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending(name))
            return LockRun(definition, RunOptions(registry: tiny.scratch.appending("\(index).db")))
        }
        let failures = Mutexed<[String]>([])
        DispatchQueue.concurrentPerform(iterations: runs.count) { index in
            do { _ = try runs[index].run() } catch { failures.change { $0.append("\(error)") } }
        }
        #expect(failures.value == [])
        #expect(try LockFile(ifThereAt: path)?.entries.keys.sorted() == names)
    }
}
