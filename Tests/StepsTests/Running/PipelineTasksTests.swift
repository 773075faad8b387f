import BinaryIO
import Foundation
import Pipeline
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// A pipeline node by node, by machines that share nothing but a cache.
@Suite struct PipelineTasksTests {
    private let tiny: TinyRun
    private let shared: ScratchFolder

    init() throws { (tiny, shared) = (try TinyRun(), try ScratchFolder()) }

    /// Another machine, with a folder of its own to work in.
    private func machine(_ tiny: TinyRun? = nil, lock: LockUse = LockUse(.follow)) throws -> PipelineTasks {
        let tiny = tiny ?? self.tiny
        let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
        var options = RunOptions(registry: tiny.registry, threads: 1)
        options.cache.place = .folder(shared.appending("cache"))
        options.workPlace = shared.appending("machine-\(UUID())")
        return PipelineTasks(definition, options, lock: lock)
    }

    @Test func machinesThatShareACacheMakeTheSameBytes() throws {
        for node in try machine().nodes() where !node.publishes {
            #expect(node.isDue)
            let outcome = try machine().make(keys: [node.key], called: [node.name])
            #expect(outcome.nodes.map(\.node) == [node.name] && outcome.nodes.map(\.status) == [.done])
            let again = try machine().make(keys: [node.key])
            #expect(again.nodes.map(\.status) == [.cached], "a task that is begun twice")
        }
        #expect(FileStatus(tiny.registry) == nil, "no task opens a registry")
        #expect(try machine().nodes().filter(\.isDue).allSatisfy(\.publishes))
        let outcome = try machine().publish()
        #expect(outcome.nodes.map(\.status) == [.done, .done] && outcome.problems.isEmpty)
        let local = try TinyRun()
        try local.run()
        #expect(try tiny.published() == local.published())
        #expect(try machine().publish().nodes.map(\.status) == [.cached, .cached])
    }

    @Test func severalNodesOfAStepShareAPass() throws {
        let nodes = try machine().nodes()
        _ = try machine().make(keys: [nodes[0].key])
        let builds = nodes.filter { $0.step == "builds" }
        let outcome = try machine().make(keys: builds.map(\.key), called: builds.map(\.name))
        #expect(outcome.nodes.map(\.node) == ["builds[q8_0]", "builds[q4_k_m]"])
        #expect(outcome.nodes.allSatisfy { $0.status == .done })
    }

    @Test func anotherKeyIsRefused() throws {
        let node = try #require(try machine().nodes().first { $0.step == "builds" })
        var changed = tiny
        changed.pipeline.types = "q8_0, q4_0"
        changed.pipeline.imatrix = nil
        let other = SHA256Digest(of: "another".utf8)
        let error = try #require(throws: PipelineError.self) {
            try machine(changed).make(keys: [other], called: [node.name])
        }
        #expect(
            "\(error)".hasPrefix(
                "step 'builds[q8_0]' has the key \(node.key.short) here and was asked for by \(other.short)"
            )
        )
        #expect("\(error)".contains("Submit the pipeline again, with the same edgepipe on all machines."))
        #expect(throws: PipelineError.self) {
            try machine().make(keys: [other], called: ["nothing"])
        }
    }

    @Test func whatIsMissingBeforeItIsNamed() throws {
        let nodes = try machine().nodes()
        let quality = try #require(nodes.first { $0.name == "quality[q8_0]" })
        let error = try #require(throws: PipelineError.self) {
            try machine().make(keys: [quality.key])
        }
        #expect("\(error)".contains("whose result is not cached"), "\(error)")
        let outcome = try machine().publish()
        #expect(outcome.nodes.map(\.status) == [.skipped, .skipped] && outcome.isMissingSomething)
        #expect(outcome.nodes[0].missing == ["f16", "builds[q8_0]", "quality[q8_0]", "fit[q8_0]"])
        let publishing = try #require(nodes.first { $0.publishes })
        #expect(throws: StepsError.self) { try machine().make(keys: [publishing.key]) }
    }

    @Test func aBuildBelowItsGateIsLeftOutAndTheOthersArePublished() throws {
        var gated = tiny
        gated.pipeline.gates = "q4_k_m: { max-perplexity: 1 }"
        for node in try machine(gated).nodes() where !node.publishes {
            let outcome = try machine(gated).make(keys: [node.key])
            #expect(outcome.problems.isEmpty == (node.name != "quality[q4_k_m]"), "\(node.name): \(outcome.problems)")
        }
        let outcome = try machine(gated).publish()
        #expect(outcome.nodes.map(\.status) == [.done, .skipped] && !outcome.isMissingSomething)
        #expect(outcome.problems.count == 1 && outcome.problems[0].contains("perplexity is"), "\(outcome.problems)")
        #expect(try gated.published().keys.sorted() == ["tiny@1.0.0:q8_0"])
    }

    @Test func whatDiffersFromTheLockIsRefusedBeforeAnyTaskAndInEach() throws {
        var tiny = tiny
        let text = try readFile(FilePath(tiny.pipeline.text), limit: 1 << 20)
        try tiny.scratch.write(text, to: "sample.txt")
        tiny.pipeline.text = "sample.txt"
        let locked = LockUse(.require)
        #expect(
            "\(try #require(throws: LockError.self) { try machine(tiny, lock: locked).nodes() })".contains("needs one")
        )
        let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
        _ = try LockRun(definition, RunOptions(registry: tiny.registry)).run()
        let nodes = try machine(tiny, lock: locked).nodes()
        #expect(nodes.map(\.key) == (try machine(tiny).nodes().map(\.key)), "a lock changes no key")
        try tiny.scratch.write(text + Array(" More.".utf8), to: "sample.txt")
        for body in [
            { _ = try machine(tiny, lock: locked).nodes() },
            { _ = try machine(tiny, lock: locked).make(keys: [nodes[0].key]) },
            { _ = try machine(tiny, lock: locked).publish() },
        ] {
            let error = try #require(throws: LockError.self) { try body() }
            #expect(error.isBadInput && "\(error)".contains("file sample.txt: "), "\(error)")
        }
        #expect(try tiny.published().isEmpty)
    }

    @Test func aBuildThatIsNotTheLocksIsNotPublished() throws {
        let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
        let local = try ScratchFolder()
        _ = try PipelineRunner(definition, RunOptions(registry: local.appending("r.db")), lock: LockUse(.write)).run()
        let path = tiny.scratch.appending("edgepipe.lock")
        var file = try #require(try LockFile(ifThereAt: path))
        file.entries["p.yaml"]?.nodes["builds[q4_k_m]"]?.files = ["q4_k_m.gguf": SHA256Digest(of: "another".utf8)]
        try writeFile(file.text.utf8, to: path)
        let locked = LockUse(.require)
        for node in try machine(lock: locked).nodes() where !node.publishes && !node.name.contains("q4_k_m") {
            _ = try machine(lock: locked).make(keys: [node.key])
        }
        let build = try #require(try machine(lock: locked).nodes().first { $0.name == "builds[q4_k_m]" })
        // Neither what a task makes nor what a task without the lock left in the cache.
        let made = try #require(throws: PipelineError.self) { try machine(lock: locked).make(keys: [build.key]) }
        #expect("\(made)".contains("where the lock has"), "\(made)")
        _ = try machine().make(keys: [build.key])
        #expect(try machine(lock: locked).nodes().first { $0.name == build.name }?.isDue == true)
        let outcome = try machine(lock: locked).publish()
        #expect(outcome.nodes.map(\.status) == [.done, .skipped] && outcome.isMissingSomething)
        #expect(try tiny.published().keys.sorted() == ["tiny@1.0.0:q8_0"])
    }

    /// What a task makes is of no use anywhere else.
    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
    func aTaskThatCannotKeepItsProductFails() throws {
        let disk = try SmallDisk(bytes: 4 << 20)
        let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
        var options = RunOptions(registry: tiny.registry, threads: 1)
        options.cache.place = .folder(disk.folder.appending("cache"))
        options.workPlace = tiny.scratch.appending("work")
        let tasks = PipelineTasks(definition, options)
        let node = try #require(try tasks.nodes().first)
        let error = try #require(throws: PipelineError.self) { try tasks.make(keys: [node.key]) }
        #expect("\(error)".contains("No space left on device"), "\(error)")
    }
}
