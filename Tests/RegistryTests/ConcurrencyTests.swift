import Dispatch
import Foundation
import Registry
import SystemPackage
import Testing

@Suite struct ConcurrencyTests {
    /// Two writers and four readers, each with connections of its own as separate processes have, on the same file.
    @Test func writersAndReadersNeverMeetALock() throws {
        let scratch = try Scratch()
        try scratch.registry(.create).close()
        let rounds = 12
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 6) { worker in
            failures.collect {
                let registry = try scratch.registry(.openExisting)
                for round in 0..<rounds {
                    if worker < 2 {
                        let file = try scratch.file("\(worker)-\(round)", count: 2000, seed: UInt64(round))
                        let model = "model-\(worker)"
                        // Both writers store the same bytes, so that they race for the same objects too.
                        try registry.publish(
                            publication(file, model: model, version: "1.0.\(round)", channel: "stable")
                        )
                    } else {
                        let builds = try registry.builds()
                        for build in builds.suffix(2) {
                            try registry.pull(build.name, to: scratch.folder.appending("out-\(worker)"))
                        }
                    }
                }
            }
        }
        #expect(failures.messages.isEmpty)
        let registry = try scratch.registry(.readOnly)
        #expect(try registry.builds().count == 2 * rounds)
        let report = try registry.verify(readData: true)
        #expect(report.isSound)
        #expect(report.checkedObjects == rounds)
        #expect(report.leftovers.isEmpty)
    }

    /// A collection may run beside publishers: a publication either lands whole or says that it must be repeated.
    @Test func collectingBesidePublishingNeverLosesAPublishedBuild() throws {
        let scratch = try Scratch()
        try scratch.registry(.create).close()
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 2) { worker in
            failures.collect {
                let registry = try scratch.registry(.openExisting)
                for round in 0..<30 {
                    if worker == 0 {
                        let file = try scratch.file("f\(round)", count: 2000, seed: UInt64(round))
                        _ = try? registry.publish(publication(file, version: "1.0.\(round)"))
                    } else {
                        // Without the grace period, which is the worst case.
                        _ = try? registry.collectLeftovers(olderThan: 0, dryRun: false)
                    }
                }
            }
        }
        #expect(failures.messages.isEmpty)
        #expect(try scratch.registry(.readOnly).verify(readData: true).isSound)
    }
}

/// Errors of several threads, for one expectation at the end.
final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [String] = []

    var messages: [String] { lock.withLock { list } }

    func collect(_ body: () throws -> Void) {
        do { try body() } catch { lock.withLock { list.append("\(error)") } }
    }
}
