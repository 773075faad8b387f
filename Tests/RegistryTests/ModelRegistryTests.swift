import BinaryIO
import Foundation
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct ModelRegistryTests {
    @Test func opensWhatItMade() throws {
        let scratch = try Scratch()
        try scratch.registry(.create).close()
        #expect(try scratch.registry(.openExisting).builds().isEmpty)
        #expect(try scratch.registry(.readOnly).auditEntries().map(\.action) == ["create"])
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.string)
        #expect(!names.contains { $0.hasSuffix(".partial") })
    }

    /// A copy of the file, without the log beside it, has everything.
    @Test func theFileAloneIsTheRegistryOnceItIsClosed() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        try registry.close()
        let copy = scratch.folder.appending("copy.db")
        try FileManager.default.copyItem(atPath: scratch.database.string, toPath: copy.string)
        #expect(try ModelRegistry(path: copy, mode: .readOnly).builds() == [build])
    }

    @Test func publishingPullingAndVerifyingCanBeStopped() throws {
        struct Stop: Error {}
        let scratch = try Scratch()
        let registry = try scratch.registry()
        #expect(throws: Stop.self) {
            try registry.publish(publication(scratch.file("a"))) { _ in throw Stop() }
        }
        #expect(try registry.builds().isEmpty)
        let build = try registry.publish(publication(scratch.file("b")))[0].record
        let output = scratch.folder.appending("out.gguf")
        #expect(throws: Stop.self) { try registry.pull(build.name, to: output) { _ in throw Stop() } }
        #expect(FileStatus(output) == nil)
        #expect(throws: Stop.self) { try registry.verify(readData: true) { _, _ in throw Stop() } }
        #expect(try registry.verify(readData: true).isSound)
    }

    /// The pool sets `synchronous` to NORMAL by itself, so this is checked on the connection that writes.
    @Test func commitsSurviveAPowerCut() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        func setting(_ name: String) throws -> Int? {
            try registry.inspectWriter { try Int.fetchOne($0, sql: "PRAGMA \(name)") }
        }
        #expect(try setting("synchronous") == 2)
        #expect(try setting("foreign_keys") == 1)
        #expect(try setting("trusted_schema") == 0)
        #expect(try setting("cell_size_check") == 1)
        #expect(try setting("busy_timeout") == 30_000)
        let journal = try registry.inspectWriter { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(journal == "wal")
    }

    @Test func aMissingRegistryIsNotMadeByAccident() throws {
        let scratch = try Scratch()
        #expect(refusal { _ = try scratch.registry(.openExisting) } == .missing(scratch.database))
        #expect(refusal { _ = try scratch.registry(.readOnly) } == .missing(scratch.database))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder.string).isEmpty)
    }

    @Test(arguments: [ModelRegistry.Mode.create, .openExisting, .readOnly])
    func refusesAnotherProgramsDatabaseAndLeavesItAlone(_ mode: ModelRegistry.Mode) throws {
        let scratch = try Scratch()
        let queue = try DatabaseQueue(path: scratch.database.string)
        try queue.write { try $0.execute(sql: "CREATE TABLE notes (id INTEGER PRIMARY KEY)") }
        try queue.close()
        let before = try SHA256Digest(ofFile: scratch.database)
        guard case .notARegistry? = refusal({ _ = try scratch.registry(mode) }) else {
            Issue.record("a foreign database was not named as one")
            return
        }
        #expect(try SHA256Digest(ofFile: scratch.database) == before)
    }

    @Test(arguments: [0, 10, 5000])
    func refusesAFileThatIsNoDatabase(_ count: Int) throws {
        let scratch = try Scratch()
        let path = try scratch.file("registry.db", count: count, compressible: false)
        let before = try SHA256Digest(ofFile: path)
        guard case .notARegistry? = refusal({ _ = try scratch.registry(.create) }) else {
            Issue.record("a file of \(count) bytes was not refused")
            return
        }
        #expect(try SHA256Digest(ofFile: path) == before)
    }

    @Test func refusesARegistryOfANewerProgramAndLeavesItAlone() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.inspectWriter { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 from the future')") }
        try registry.close()
        let before = try SHA256Digest(ofFile: scratch.database)
        #expect(refusal { _ = try scratch.registry(.openExisting) } == .newerFormat(scratch.database))
        #expect(try SHA256Digest(ofFile: scratch.database) == before)
    }

    @Test func refusesATruncatedDatabase() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a.gguf")))
        try registry.close()
        let bytes = try contents(of: scratch.database)
        try writeFile(bytes.prefix(bytes.count / 2), to: scratch.database)
        let error = refusal { _ = try scratch.registry(.openExisting) }
        #expect(error?.isDamage == true, "\(error as Any)")
    }

    @Test func severalProcessesMayMakeTheSameRegistryAtOnce() async throws {
        let scratch = try Scratch()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 { group.addTask { try scratch.registry(.create).auditEntries().count } }
            for try await count in group { #expect(count == 1) }
        }
    }

    @Test func aReadOnlyRegistryRefusesToWrite() throws {
        let scratch = try Scratch()
        try scratch.registry(.create).publish(publication(scratch.file("a.gguf")))
        let reader = try scratch.registry(.readOnly)
        #expect(try reader.builds().count == 1)
        #expect(
            refusal { try reader.publish(publication(scratch.file("b.gguf", seed: 2), version: "2.0.0")) }
                == .readOnly(scratch.database)
        )
    }

    /// A registry may come from anywhere: whatever its bytes are, opening and reading it ends in an answer or an error.
    @Test func flippedBytesInTheDatabaseNeverEndTheProcess() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try publication(scratch.file("a.gguf", count: 1000), channel: "stable")
        publication.builds[0].measurements = [someMeasurement]
        publication.builds[0].fits = [someFit]
        let build = try registry.publish(publication)[0].record
        try registry.close()
        let bytes = try contents(of: scratch.database)
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var random = SplitMix64(seed: seed)
        var refused = 0
        for _ in 0..<150 {
            var harmed = bytes
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                harmed[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try writeFile(harmed, to: scratch.database)
            do {
                let registry = try scratch.registry(.openExisting)
                _ = try registry.builds()
                _ = try registry.measurements(of: build.digest)
                _ = try registry.fits(of: build.digest)
                _ = try registry.channelHistory(of: "tiny")
                if try !registry.verify(readData: true).isSound { refused += 1 }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 0, "seed \(seed): not one of 150 damaged files was noticed")
    }

    /// A file with the right mark and the right tables, whose columns hold nothing of what they should.
    @Test func aForgedSchemaIsAnErrorAndNotACrash() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a.gguf")))
        try registry.inspectWriter { database in
            try database.execute(
                sql: """
                    PRAGMA foreign_keys = OFF;
                    DROP TABLE build;
                    CREATE TABLE build (id, versionId, type, digest, quantType, bitsPerWeight, sourceURI, sourceDigest,
                        license, pipelineDigest, profile, toolVersion, createdAt);
                    INSERT INTO build SELECT 1, 1, NULL, digest, x'00', 'many', NULL, 7, NULL, 8, NULL, NULL, 9 FROM object
                    """
            )
        }
        #expect(refusal { _ = try registry.builds() } != nil)
        #expect(refusal { _ = try registry.build(named: BuildName("tiny@1.0.0:q4_k_m")) } != nil)
    }
}
