import BinaryIO
import Foundation
import GRDB
import Registry
import SystemPackage
import Testing

/// A clock that is set back while a registry is in use.
@Suite struct ClockTests {
    private let future = "2099-01-01T00:00:00.000Z"

    /// Adds a line to the audit log as a process with a wrong clock would have done.
    private func writeFutureLine(_ registry: ModelRegistry) throws {
        let last = try #require(try registry.auditEntries().last)
        let line = ["\(last.digest)", "\(last.sequence + 1)", future, "publish", "x", "{}"]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        let digest = SHA256Digest(of: try encoder.encode(line))
        try registry.inspectWriter { database in
            try database.execute(
                sql:
                    "INSERT INTO audit (createdAt, action, subject, detail, digest) VALUES (?, 'publish', 'x', '{}', ?)",
                arguments: [future, digest.description]
            )
            try database.execute(
                sql: """
                    INSERT INTO channelMove (modelId, channel, toVersionId, createdAt)
                    SELECT modelId, 'beta', id, ? FROM version LIMIT 1
                    """,
                arguments: [future]
            )
        }
    }

    @Test func timesOfTheAuditLogAndOfMovesNeverRunBackwards() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a"), channel: "stable"))
        try writeFutureLine(registry)
        try registry.publish(publication(scratch.file("b", seed: 2), version: "1.1.0", channel: "stable"))
        let times = try registry.auditEntries().map(\.at)
        #expect(times == times.sorted() && times.count > 4)
        let moves = try registry.channelHistory(of: "tiny").map(\.at)
        #expect(moves == moves.sorted() && moves.count == 3)
        // What was written for the sake of the test is noticed; the chain and the bytes are whole.
        #expect(try registry.verify(readData: true).damages.allSatisfy { $0.kind == .fact })
    }

    /// Which version is the newest is a matter of its number; no clock decides.
    @Test func whatIsNewestDoesNotDependOnTheClock() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("b", seed: 2), version: "2.0.0"))
        try registry.publish(publication(scratch.file("a"), version: "1.0.0"))
        #expect(try registry.resolve(BuildReference("tiny")).name.description == "tiny@2.0.0:q4_k_m")
    }

    /// A file that was written "in the future" is young, so that nothing of another process is collected.
    @Test func leftoversFromTheFutureAreLeftAlone() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a")))
        let stray = scratch.objects.appending("incoming").appending("stray")
        try writeFile([1], to: stray)
        let future = Date(timeIntervalSinceNow: 100_000)
        try FileManager.default.setAttributes([.modificationDate: future], ofItemAtPath: stray.string)
        #expect(try registry.collectLeftovers(dryRun: false).isEmpty)
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false).count == 1)
    }
}
