import BinaryIO
import Foundation
import Pipeline
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// A pipeline node by node, by machines that share nothing but a server of caches.
@Suite struct ServedTasksTests {
    private let tiny: TinyRun
    private let machines: ScratchFolder
    private let server: SmallCacheServer

    init() throws { (tiny, machines, server) = (try TinyRun(), try ScratchFolder(), try SmallCacheServer()) }

    /// A machine of its own.
    /// - Parameter tries: how often it asks a server that does not answer.
    private func machine(tries: Int? = 2, _ change: (inout RunOptions) -> Void = { _ in }) throws -> PipelineTasks {
        let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
        var options = RunOptions(registry: tiny.registry, threads: 1)
        (options.cache.place, options.cache.tries) = (.server(server.address), tries)
        options.workPlace = machines.appending("\(UUID())")
        change(&options)
        return PipelineTasks(definition, options)
    }

    /// What a body throws, in words.
    private func words<Value>(_ body: () throws -> Value) throws -> String {
        "\(try #require(throws: (any Error).self) { _ = try body() })"
    }

    @Test func machinesThatShareAServerMakeTheSameBytes() async throws {
        try await onOwnThread {
            for node in try machine().nodes() where !node.publishes {
                #expect(node.isDue)
                #expect(try machine().make(keys: [node.key]).nodes.map(\.status) == [.done])
                #expect(try machine().make(keys: [node.key]).nodes.map(\.status) == [.cached])
            }
            #expect(try !machine().nodes().contains { $0.isDue && !$0.publishes })
            #expect(try machine().publish().nodes.map(\.status) == [.done, .done])
            let local = try TinyRun()
            try local.run()
            #expect(try tiny.published() == local.published())
        }
    }

    /// Other machines cannot take what lies beside the registry of whoever submits, and whoever submits needs no files.
    @Test func onlyTheServerTellsWhatIsDue() async throws {
        try await onOwnThread {
            let local = machines.appending("local")
            let definition = try PipelineDefinition(text: tiny.pipeline.yaml, path: tiny.scratch.appending("p.yaml"))
            var options = RunOptions(registry: machines.appending("other.db"), threads: 1)
            options.workPlace = local
            _ = try PipelineRunner(definition, options).run()
            let nodes = try machine { $0.workPlace = local }.nodes()
            #expect(!nodes.contains { !$0.isDue })
            _ = try machine().make(keys: [nodes[0].key])
            let before = server.requests.count
            let folder = machines.appending("submitting")
            #expect(try machine { $0.workPlace = folder }.nodes().first?.isDue == false)
            let asked = server.requests.dropFirst(before)
            #expect(!asked.contains { $0.method == "GET" && $0.target.contains("/cas/") }, "no file is fetched")
        }
    }

    @Test func aServerThatIsAwayIsAnErrorAndNoReasonToMakeEverything() async throws {
        try await onOwnThread {
            let nodes = try machine().nodes()
            let address = server.address
            server.stop()
            let away = try words { try machine { $0.cache.place = .server(address) }.nodes() }
            #expect(away.contains("the cache \(address) cannot be used"), "\(away)")
            let made = try words { try machine { $0.cache.place = .server(address) }.make(keys: [nodes[0].key]) }
            #expect(made.contains("the cache \(address) cannot be used"), "\(made)")
            let published = try words { try machine { $0.cache.place = .server(address) }.publish() }
            #expect(published.contains("the cache \(address) cannot be used"), "\(published)")
            #expect(try tiny.published().isEmpty)
        }
    }

    @Test func aTaskWaitsForAServerThatIsBackSoon() async throws {
        try await onOwnThread {
            let node = try #require(try machine().nodes().first)
            let failures = Mutexed(4)
            server.lie.change {
                $0 = { request, answer in
                    var isAway = false
                    failures.change { left in
                        isAway = left > 0
                        left -= 1
                    }
                    return isAway ? .init(request.method == "PUT" ? 503 : 0) : answer
                }
            }
            #expect(try machine(tries: nil).make(keys: [node.key]).nodes.map(\.status) == [.done])
            #expect(failures.value < 0)
        }
    }

    @Test func whatCannotBeSentFailsTheTask() async throws {
        try await onOwnThread {
            let node = try #require(try machine().nodes().first)
            for (status, reason) in [(507, "status 507"), (403, "EDGEPIPE_CACHE_TOKEN is not set")] {
                server.lie.change {
                    $0 = { [held = server.held] request, answer in
                        guard request.method == "PUT" else { return answer }
                        held.change { $0[request.target] = nil }
                        return .init(status)
                    }
                }
                let failure = try words { try machine().make(keys: [node.key]) }
                #expect(failure.contains(reason), "\(failure)")
            }
            server.lie.change { $0 = nil }
            #expect(try machine().nodes().first?.isDue == true)
        }
    }

    /// A server that has a file by name and other bytes in it would keep a pipeline from ever ending: its file counts as there, and is
    /// no good to any task.
    @Test func wrongBytesOfTheServerAreNamed() async throws {
        try await onOwnThread {
            let nodes = try machine().nodes()
            _ = try machine().make(keys: [nodes[0].key])
            let file = try #require(server.held.value.keys.first { $0.contains("/cas/") })
            server.held.change { $0[file]?[100] ^= 1 }
            let build = try #require(nodes.first { $0.step == "builds" })
            let failure = try words { try machine().make(keys: [build.key]) }
            #expect(failure.contains("holds other bytes as \(file.replacing("/prefix/", with: ""))"), "\(failure)")
            server.held.change { $0[file] = nil }
            #expect(try machine().nodes().first?.isDue == true, "f16 is made again for the build")
        }
    }

    /// Each task would otherwise read the whole model for its digest.
    @Test func digestsOfInputsAreSharedByAFolder() async throws {
        try await onOwnThread {
            let folder = machines.appending("submissions")
            let nodes = try machine { $0.cache.inputs = folder }.nodes()
            let notes = folder.appending("inputs")
            let names = try FileManager.default.contentsOfDirectory(atPath: notes.string)
            #expect(names.count >= 3, "weights, configuration, vocabulary, text")
            // What is noted is believed, as long as size and time of the file are those of then.
            for name in names {
                try writeFile("\(SHA256Digest(of: "another".utf8))".utf8, to: notes.appending(name))
            }
            #expect(try machine { $0.cache.inputs = folder }.nodes()[0].key != nodes[0].key)
            #expect(try machine().nodes()[0].key == nodes[0].key)
        }
    }
}
