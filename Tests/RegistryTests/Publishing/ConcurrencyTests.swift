import Dispatch
import Foundation
import Registry
import SystemPackage
import Testing

@Suite struct ConcurrencyTests {
    /// Two writers and eight readers, each with connections of its own as separate processes have, on the same file.
    @Test func writersAndReadersNeverMeetALock() throws {
        let scratch = try Scratch()
        try scratch.registry(.create).close()
        let rounds = 12
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 10) { worker in
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

    /// Each of two writers looks where the channel points and moves it only from there: no move is lost between them.
    @Test func ofTwoWhoMoveAChannelFromTheSameVersionOneWins() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let rounds = 20
        for number in 0...(2 * rounds) {
            try registry.publish(publication(scratch.file("f", count: 2000), version: "1.0.\(number)"))
        }
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 2) { worker in
            failures.collect {
                let registry = try scratch.registry(.openExisting)
                for round in 0..<rounds {
                    let target = try version("1.0.\(1 + 2 * round + worker)")
                    let reason = MoveReason(who: "\(worker)", why: "\(round)")
                    while true {
                        let current = try registry.channelHistory(of: "tiny").last?.to
                        do {
                            try registry.setChannel(
                                "stable",
                                of: "tiny",
                                to: target,
                                expecting: current,
                                isNew: current == nil,
                                because: reason
                            )
                            break
                        } catch RegistryError.channelMoved {}
                    }
                }
            }
        }
        #expect(failures.messages.isEmpty)
        let moves = try registry.channelHistory(of: "tiny")
        #expect(moves.count == 2 * rounds && moves.first?.from == nil)
        #expect(zip(moves, moves.dropFirst()).allSatisfy { $0.to == $1.from })
        #expect(try registry.verify(readData: false).isSound)
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
