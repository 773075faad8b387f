import BinaryIO
import Foundation
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct ModelRegistryVerificationTests {
    @Test func aHealthyRegistryIsSound() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a"), channel: "stable"))
        let report = try registry.verify(readData: true)
        #expect(report.isSound)
        #expect(report.leftovers.isEmpty)
        #expect(report.checkedObjects == 1)
        #expect(report.readBytes == 300_000)
    }

    @Test func aMissingObjectNamesTheBuildsItAffects() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let file = try scratch.file("a")
        let one = try registry.publish(publication(file, version: "1.0.0"))[0].record
        let two = try registry.publish(publication(file, version: "1.0.1"))[0].record
        try FileManager.default.removeItem(atPath: scratch.objectPath(of: one).string)
        let report = try registry.verify(readData: false)
        #expect(report.damages.map(\.kind) == [.object])
        #expect(Set(report.damages[0].builds) == [one.name, two.name])
    }

    /// Sizes alone cannot show a flipped bit; reading the data does, wherever the bit is.
    @Test(arguments: [true, false])
    func aFlippedBitIsFoundByReadingTheData(_ compressible: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a", count: 20_000, compressible: compressible)))[0]
            .record
        let bytes = try contents(of: scratch.objectPath(of: build))
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        for _ in 0..<40 {
            var harmed = bytes
            let position = Int.random(in: 0..<bytes.count, using: &random)
            harmed[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try scratch.overwrite(build, with: harmed)
            #expect(try registry.verify(readData: false).isSound)
            let report = try registry.verify(readData: true)
            // A bit of the frame's header may be one that changes nothing that is read back; then nothing is damaged.
            let target = scratch.folder.appending("out")
            let reads = (try? registry.pull(build.name, to: target)) != nil
            #expect(report.isSound == reads, "seed \(seed), byte \(position)")
            if reads { #expect(try SHA256Digest(ofFile: target) == build.digest, "seed \(seed), byte \(position)") }
            if !compressible { #expect(!report.isSound, "seed \(seed), byte \(position)") }
        }
    }

    @Test func aRewrittenAuditLogShows() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a")))
        try registry.inspectWriter { database in
            // Whoever can write the file can drop the trigger; the chain still tells.
            try database.execute(sql: "DROP TRIGGER audit_update; UPDATE audit SET subject = 'x' WHERE sequence = 2")
        }
        let report = try registry.verify(readData: false)
        #expect(report.damages.map(\.kind).filter { $0 != .fact } == [.auditChain])
        #expect(report.damages.contains { $0.detail.contains("never says that it was published") })
        #expect(report.damages[0].detail.contains("line 2"))
    }

    @Test func aRowWithoutItsParentIsDamage() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication(scratch.file("a")))
        try registry.close()
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: scratch.database.string, configuration: configuration)
        try queue.write { try $0.execute(sql: "DROP TRIGGER version_delete; DELETE FROM version") }
        try queue.close()
        let kinds = try scratch.registry(.openExisting).verify(readData: false).damages.map(\.kind)
        #expect(kinds.filter { $0 != .fact } == [.foreignKey])
    }

    /// What a process killed at each point of a publication leaves: a temporary file, and a whole object without a row.
    @Test func leftoversOfAKilledPublisherAreNoDamageAndCanBeCollected() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let publication = try publication(scratch.file("a"))
        let build = try registry.publish(publication)[0].record
        let digest = SHA256Digest(of: "never committed".utf8).description
        let temporary = scratch.objects.appending("incoming").appending(".\(digest).7.42.1.partial")
        let folder = scratch.objects.appending("sha256").appending(String(digest.prefix(2)))
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        let orphan = folder.appending(digest + ".zst")
        for path in [temporary, orphan] { try writeFile([1, 2, 3], to: path) }

        let report = try registry.verify(readData: true)
        #expect(report.isSound)
        #expect(Set(report.leftovers.map(\.path)) == [temporary.string, orphan.string])
        #expect(Set(report.leftovers.map(\.kind)) == [.temporaryFile, .orphanObject])
        #expect(try registry.collectLeftovers(dryRun: false).isEmpty, "they are young: a publisher may be at work")
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: true).count == 2)
        #expect(FileManager.default.fileExists(atPath: orphan.string))
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false).count == 2)
        #expect(try registry.verify(readData: true).leftovers.isEmpty)
        #expect(try registry.builds() == [build])
    }

    /// A process killed after the object was stored and before the row: the next publication takes the object over.
    @Test func anOrphanIsTakenOverByTheNextPublicationOfTheSameBytes() throws {
        let (first, second) = (try Scratch(), try Scratch())
        let file = try first.file("a")
        let build = try first.registry().publish(publication(file))[0].record
        let orphan = second.objectPath(of: build)
        try FileManager.default.createDirectory(
            atPath: orphan.removingLastComponent().string,
            withIntermediateDirectories: true
        )
        try FileManager.default.copyItem(atPath: first.objectPath(of: build).string, toPath: orphan.string)
        let registry = try second.registry()
        try registry.publish(publication(file))
        let report = try registry.verify(readData: true)
        #expect(report.isSound)
        #expect(report.leftovers.isEmpty)
    }
}
