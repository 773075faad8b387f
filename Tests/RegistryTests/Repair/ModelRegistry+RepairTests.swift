import BinaryIO
import Foundation
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct ModelRegistryRepairTests {
    private func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private let cuts = [PartCut(offset: 100_000), PartCut(offset: 200_000)]
    private var bytes: [UInt8] { noise(300_000, seed: 1) }

    /// A registry with a build of three parts, in one pack.
    private func published(_ scratch: Scratch, inParts: Bool = true) throws -> (ModelRegistry, BuildRecord) {
        let file = scratch.folder.appending("file.gguf")
        try writeFile(bytes, to: file)
        var publication = try publication(file, channel: "stable")
        if inParts { publication.builds[0].cuts = cuts }
        publication.builds[0].measurements = [someMeasurement]
        let registry = try scratch.registry()
        return (registry, try registry.publish(publication)[0].record)
    }

    private func file(_ build: BuildRecord, _ scratch: Scratch) throws -> FilePath {
        guard build.encoding == .parts else { return scratch.objectPath(of: build) }
        let packs = scratch.objects.appending("packs").string
        let names = try FileManager.default.subpathsOfDirectory(atPath: packs).filter { $0.hasSuffix(".pack") }
        return FilePath(packs).pushing(FilePath(try #require(names.first)))
    }

    /// What is done to the file in which a build lies.
    enum Harm: CaseIterable { case missing, truncated, grown, flipped, symbolicLink }

    private func harm(_ path: FilePath, _ harm: Harm, _ scratch: Scratch) throws {
        var bytes = try contents(of: path)
        try FileManager.default.removeItem(atPath: path.string)
        switch harm {
        case .missing: return
        case .truncated: bytes.removeLast(50_000)
        case .grown: bytes.append(0)
        case .flipped: bytes[150_000] ^= 1
        case .symbolicLink:
            let elsewhere = scratch.folder.appending("elsewhere")
            try writeFile(bytes, to: elsewhere)
            try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: elsewhere.string)
            return
        }
        try writeFile(bytes, to: path)
    }

    @Test func aWholeRegistryNeedsNoRepair() throws {
        let scratch = try Scratch()
        let (registry, _) = try published(scratch)
        for applies in [false, true] {
            let report = try registry.repair(applies: applies)
            #expect(report.isWhole && report.saved.isEmpty && report.quarantined.isEmpty)
        }
        #expect(try registry.auditEntries().last?.action == "channel", "nothing was done, so the audit log has no line")
    }

    /// Without another copy intact parts are saved, and the build is marked, never forgotten.
    @Test(arguments: Harm.allCases)
    func whatIsIntactIsSavedAndTheRestIsSaidToBeLost(_ harm: Harm) throws {
        let scratch = try Scratch()
        let (registry, build) = try published(scratch)
        let path = try file(build, scratch)
        try self.harm(path, harm, scratch)
        let before = try FileManager.default.subpathsOfDirectory(atPath: scratch.folder.string).sorted()
        let said = try registry.repair(applies: false)
        #expect(!said.isWhole)
        // WAL files may come and go; nothing else may.
        let after = try FileManager.default.subpathsOfDirectory(atPath: scratch.folder.string).sorted()
        #expect(before.filter { !$0.contains("-") } == after.filter { !$0.contains("-") })
        let report = try registry.repair(applies: true)
        let isSaved = harm == .grown
        #expect(report.isWhole == isSaved)
        #expect(report.lost.map(\.sha256) == (isSaved ? [] : [build.digest]))
        #expect(report.lost.flatMap(\.builds) == (isSaved ? [] : [build.name]))
        #expect(try registry.builds() == [build], "its row stays")
        #expect(try registry.damagedObjects() == (isSaved ? [] : [build.digest]))
        if harm != .missing { #expect(report.quarantined.count == 1) }
        for path in report.quarantined {
            #expect(FileManager.default.fileExists(atPath: path) || harm == .symbolicLink)
        }
        let lost = report.lost.first?.bytes ?? 0
        switch harm {
        case .grown: #expect(lost == 0)
        case .flipped, .truncated: #expect(lost == 100_000, "one part of three")
        case .missing, .symbolicLink: #expect(lost == 300_000)
        }
        // Publishing the file again brings the lost part back, and takes the mark away.
        var again = try publication(scratch.folder.appending("file.gguf"), channel: "stable")
        again.builds[0].cuts = cuts
        try registry.publish(again)
        #expect(try registry.damagedObjects().isEmpty)
        #expect(try registry.repair(applies: false).isWhole)
        let verified = try registry.verify(readData: true)
        #expect(verified.isSound)
        #expect(try registry.standingCount() == 1)
    }

    /// Where the copy is that a repair takes bytes from.
    enum Copy: CaseIterable { case registry, file, otherFile, blobs }

    private func source(_ copy: Copy, _ build: BuildRecord, _ scratch: Scratch) throws -> RepairSource {
        switch copy {
        case .registry:
            let other = try Scratch()
            // The other registry has the same tensors in another build.
            let file = scratch.folder.appending("other")
            try writeFile(build.encoding == .parts ? bytes + [1] : bytes, to: file)
            var publication = try publication(file, model: "other")
            if build.encoding == .parts { publication.builds[0].cuts = cuts + [PartCut(offset: 300_000)] }
            try ModelRegistry(path: scratch.folder.appending("other.db"), mode: .create).publish(publication)
            _ = other
            return .registry(try ModelRegistry(path: scratch.folder.appending("other.db"), mode: .readOnly))
        case .file: return .file(scratch.folder.appending("file.gguf"), cuts: [])
        case .otherFile:
            // The parts are all in it, and none where it stands in the build.
            let file = scratch.folder.appending("shifted")
            try writeFile(noise(50_000, seed: 9) + bytes, to: file)
            return .file(file, cuts: [50_000, 150_000, 250_000].map { PartCut(offset: $0) })
        case .blobs:
            let folder = scratch.folder.appending("blobs")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            try writeFile(bytes, to: folder.appending("\(build.digest)"))
            return .blobs(folder)
        }
    }

    @Test(arguments: Copy.allCases, [Harm.truncated, .flipped])
    func missingPartsComeFromAnotherCopy(_ copy: Copy, _ harm: Harm) throws {
        let scratch = try Scratch()
        let (registry, build) = try published(scratch)
        try self.harm(try file(build, scratch), harm, scratch)
        let source = try source(copy, build, scratch)
        let said = try registry.repair(from: [source], applies: false)
        #expect(said.lost.isEmpty && said.saved.map(\.sha256) == [build.digest] && !said.isWhole)
        let report = try registry.repair(from: [source], applies: true)
        #expect(report.isWhole && report.saved.flatMap(\.builds) == [build.name])
        let verified = try registry.verify(readData: true)
        #expect(verified.isSound && verified.leftovers.isEmpty)
        let target = scratch.folder.appending("out")
        try registry.pull(build.name, to: target)
        #expect(try contents(of: target) == bytes)
        #expect(try registry.auditEntries().last?.action == "repair")
    }

    @Test(arguments: [Copy.registry, .file, .blobs], [Harm.missing, .flipped, .symbolicLink])
    func anObjectInOneFileComesFromAnotherCopy(_ copy: Copy, _ harm: Harm) throws {
        let scratch = try Scratch()
        let (registry, build) = try published(scratch, inParts: false)
        try self.harm(try file(build, scratch), harm, scratch)
        let source = try source(copy, build, scratch)
        #expect(try registry.repair(from: [source], applies: false).lost.isEmpty)
        #expect(try registry.repair(from: [source], applies: true).isWhole)
        let verified = try registry.verify(readData: true)
        #expect(verified.isSound && verified.leftovers.isEmpty)
    }

    @Test func aCopyWithOtherBytesIsNotBelieved() throws {
        let scratch = try Scratch()
        let (registry, build) = try published(scratch)
        try harm(try file(build, scratch), .missing, scratch)
        let liar = scratch.folder.appending("liar")
        try writeFile(noise(300_000, seed: 5), to: liar)
        let folder = scratch.folder.appending("blobs")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        try writeFile(noise(300_000, seed: 6), to: folder.appending("\(build.digest)"))
        let report = try registry.repair(from: [.file(liar, cuts: cuts), .blobs(folder)], applies: true)
        #expect(report.lost.map(\.sha256) == [build.digest])
    }

    /// An index that says something else than its table is made anew; the rows are right.
    @Test func aDanglingIndexIsMadeAnew() throws {
        let scratch = try Scratch()
        let (registry, build) = try published(scratch)
        try registry.inspectWriter { database in
            // The schema's text is changed behind SQLite's back, so that the index of another column is read as this one's.
            try database.execute(
                sql: """
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_schema SET sql = 'CREATE INDEX buildByDigest ON build(license)' WHERE name = 'buildByDigest';
                    PRAGMA writable_schema = RESET
                    """
            )
        }
        try registry.close()
        // What opens a registry does not hold indices against tables; `verify` does.
        #expect(try scratch.registry(.openExisting).verify(readData: false).damages.map(\.kind).contains(.database))
        let opened = try ModelRegistry(path: scratch.database, mode: .openExisting, checksDatabase: false)
        #expect(try !opened.repair(applies: false).database.isEmpty)
        let report = try opened.repair(applies: true)
        #expect(report.isWhole && !report.database.isEmpty && report.databaseLeft.isEmpty)
        try opened.close()
        #expect(try scratch.registry(.openExisting).builds() == [build])
    }

    @Test func aBrokenAuditLogIsSaidAndStays() throws {
        let scratch = try Scratch()
        let (registry, _) = try published(scratch)
        try registry.inspectWriter {
            try $0.execute(sql: "DROP TRIGGER audit_update; UPDATE audit SET subject = 'x' WHERE sequence = 2")
        }
        let report = try registry.repair(applies: true)
        #expect(!report.isWhole && report.databaseLeft.first?.contains("line 2") == true)
    }

    @Test func standingsThatWereChangedAreMadeAnew() throws {
        let scratch = try Scratch()
        let (registry, _) = try published(scratch)
        try registry.inspectWriter { try $0.execute(sql: "DELETE FROM standing; DELETE FROM shape") }
        #expect(try registry.standingCount() == 0)
        _ = try registry.repair(applies: true)
        #expect(try registry.standingCount() == 1)
    }

    /// The row of a part is dropped only where no object is made of it and its bytes are gone.
    @Test func onlyPartsThatNothingIsMadeOfAreForgotten() throws {
        let scratch = try Scratch()
        let (registry, build) = try published(scratch)
        let there = SHA256Digest(of: try contents(of: file(build, scratch)).prefix(9))
        try registry.inspectWriter { database in
            let digests = [String(repeating: "a", count: 64), "\(there)"]
            try database.execute(
                sql: """
                    INSERT INTO pack (name, byteCount, createdAt) VALUES ('\(String(repeating: "c", count: 32))', 9, '');
                    INSERT INTO part (digest, packId, offset, encoding, rawBytes, storedBytes)
                        SELECT '\(digests[0])', max(id), 0, 'raw', 9, 9 FROM pack;
                    INSERT INTO part (digest, packId, offset, encoding, rawBytes, storedBytes)
                        SELECT '\(digests[1])', min(id), 0, 'raw', 9, 9 FROM pack
                    """
            )
        }
        func count() throws -> Int? {
            try registry.inspectWriter { try Int.fetchOne($0, sql: "SELECT count(*) FROM part") }
        }
        #expect(try count() == 5)
        #expect(try registry.repair(applies: false).forgottenParts == 1)
        _ = try registry.repair(applies: true)
        #expect(try count() == 4)
    }
}
