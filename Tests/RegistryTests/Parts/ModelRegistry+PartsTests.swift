import BinaryIO
import CZstd
import Foundation
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct ModelRegistryPartsTests {
    private func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// Numbers of two bytes whose second byte says little, as the weights of a model in BF16 are.
    private func floats(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).flatMap { _ in [UInt8(truncatingIfNeeded: random.next()), UInt8(random.next() & 3)] }
    }

    /// A publication of a file made of these parts, cut between them.
    private func publication(
        _ parts: [[UInt8]],
        elementBytes: Int = 1,
        version: String = "1.0.0",
        type: String = "q4_k_m",
        in scratch: Scratch
    ) throws -> Publication {
        let path = scratch.folder.appending("\(version)-\(type)")
        try writeFile(parts.flatMap { $0 }, to: path)
        var publication = try RegistryTests.publication(path, version: version, type: type)
        var offset = 0
        for part in parts {
            publication.builds[0].cuts.append(PartCut(offset: offset, elementBytes: elementBytes))
            offset += part.count
        }
        return publication
    }

    private func packs(_ scratch: Scratch) throws -> [FilePath] {
        let root = scratch.objects.appending("packs")
        let files = try #require(FileManager.default.enumerator(atPath: root.string)).compactMap { $0 as? String }
        return files.filter { $0.hasSuffix(".pack") }.sorted().map { root.appending($0) }
    }

    @Test(arguments: [1, 2, 4])
    func whatComesOutIsWhatWentIn(_ elementBytes: Int) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let same = floats(100_000, seed: 3)
        let parts = [
            [7], floats(500_007, seed: 1), floats(5, seed: 8), noise(70_001, seed: 2), same, noise(17 << 20, seed: 4),
            same,
        ]
        let publication = try publication(parts, elementBytes: elementBytes, in: scratch)
        let build = try registry.publish(publication)[0].record
        #expect(build.encoding == .parts)
        #expect(build.digest == SHA256Digest(of: parts.flatMap { $0 }))
        let target = scratch.folder.appending("out")
        var last = 0
        try registry.pull(build.name, to: target) { last = $0.doneBytes }
        #expect(last == build.fileBytes)
        #expect(try contents(of: target) == parts.flatMap { $0 })
        let report = try registry.verify(readData: true)
        #expect(report.isSound && report.leftovers.isEmpty)
        #expect(report.readBytes == build.fileBytes)
        // The long part became two, and the part that stands twice is stored once.
        let storage = try registry.storage()
        #expect(storage.partUses == 8 && storage.parts == 7)
    }

    @Test func whatTwoBuildsShareIsStoredOnce() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let shared = noise(1_000_000, seed: 1)
        var first = try publication([[1], shared, noise(50_000, seed: 2)], in: scratch)
        // Two builds of one publication share as well as those of two do.
        first.builds += try publication([[2], shared, noise(60_000, seed: 3)], type: "q8_0", in: scratch).builds
        let builds = try registry.publish(first).map(\.record)
        try registry.publish(publication([[3], shared, noise(50_000, seed: 2)], version: "2.0.0", in: scratch))
        let storage = try registry.storage()
        #expect(storage.fileBytes == 3_160_003)
        #expect(storage.storedBytes == 1_110_003)
        #expect(storage.parts == 6 && storage.partUses == 9)
        for build in builds {
            let target = scratch.folder.appending("out")
            try registry.pull(build.name, to: target)
            #expect(try SHA256Digest(ofFile: target) == build.digest)
        }
    }

    @Test func planesOfFloatsAreTriedAndNoiseIsLeftAsItIs() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let (plain, split) = (try Scratch(), try Scratch())
        let weights = floats(400_000, seed: 5)
        let one = try plain.registry().publish(publication([weights], elementBytes: 1, in: plain))[0].record
        let two = try split.registry().publish(publication([weights], elementBytes: 2, in: split))[0].record
        #expect(two.storedBytes < one.storedBytes, "the low bytes are noise, the high bytes have two bits")
        let random = try registry.publish(publication([noise(400_000, seed: 6)], in: scratch))[0].record
        #expect(random.storedBytes == random.fileBytes)
    }

    @Test func partsThatCompressionMakesLittleSmallerStayAsTheyAreWhereThatIsAsked() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        // A tenth of one part is zeros, half of the other.
        let little = noise(180_000, seed: 1) + [UInt8](repeating: 0, count: 20_000)
        let much = noise(100_000, seed: 2) + [UInt8](repeating: 0, count: 100_000)
        #expect(try registry.storage().compressedFromPercent == 1)
        let smallest = try registry.publish(publication([little, much], in: scratch))[0].record
        #expect((280_000..<281_000).contains(smallest.storedBytes), "\(smallest.storedBytes)")
        try registry.compress(fromPercent: 30)
        #expect(try registry.storage().compressedFromPercent == 30)
        let (other, less) = (noise(180_000, seed: 3) + [UInt8](repeating: 0, count: 20_000), Array(much.reversed()))
        let served = try registry.publish(publication([other, less], version: "2.0.0", in: scratch))[0].record
        #expect((300_000..<301_000).contains(served.storedBytes), "\(served.storedBytes)")
        let report = try registry.verify(readData: true)
        #expect(report.isSound && report.leftovers.isEmpty, "the note is no leftover")
    }

    @Test(arguments: [
        "", "{}", "{\"smallestGain\":2}", "{\"smallestGain\":-1}", "[", String(repeating: " ", count: 2000),
    ])
    func aNoteOfWhatIsCompressedThatCannotBeReadIsAnError(_ text: String) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.compress(fromPercent: 5)
        let note = scratch.objects.appending("packing.json")
        try Data(text.utf8).write(to: URL(fileURLWithPath: note.string))
        let error = try #require(throws: RegistryError.self) {
            try registry.publish(publication([floats(50_000, seed: 1)], in: scratch))
        }
        #expect("\(error)".contains("packing.json") && "\(error)".contains("Remove it"), "\(error)")
        #expect(try registry.builds().isEmpty)
    }

    /// What is done to a pack, and must be found by whoever needs it.
    enum Harm: CaseIterable { case missing, truncated, grown, flipped, symbolicLink }

    @Test(arguments: Harm.allCases, [true, false])
    func aDamagedPackIsFoundAndMendedByPublishingAgain(_ harm: Harm, _ compressible: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let body = compressible ? floats(200_000, seed: 7) : noise(400_000, seed: 7)
        let publication = try publication([[1, 2], body, [3]], elementBytes: 2, in: scratch)
        let build = try registry.publish(publication)[0].record
        let path = try #require(packs(scratch).first)
        let bytes = try contents(of: path)
        try FileManager.default.removeItem(atPath: path.string)
        switch harm {
        case .missing: break
        case .truncated: try writeFile(bytes.dropLast(), to: path)
        case .grown: try writeFile(bytes + [0], to: path)
        case .flipped:
            var harmed = bytes
            harmed[bytes.count / 2] ^= 0x10
            try writeFile(harmed, to: path)
        case .symbolicLink:
            try writeFile(bytes, to: scratch.folder.appending("moved"))
            try FileManager.default.createSymbolicLink(
                atPath: path.string,
                withDestinationPath: scratch.folder.appending("moved").string
            )
        }
        let target = scratch.folder.appending("out")
        #expect(refusal { try registry.pull(build.name, to: target) }?.isDamage == true)
        #expect(FileStatus(target) == nil)
        let report = try registry.verify(readData: true)
        #expect(report.damages.map(\.kind) == [.object] && report.damages.first?.builds == [build.name])
        // Sizes do not show a flipped bit, so neither does publishing again; whoever reads the data removes the pack.
        if harm == .flipped { try FileManager.default.removeItem(atPath: path.string) }
        #expect(try !registry.verify(readData: false).isSound)
        var again = publication
        again.builds[0].cuts = []
        #expect(try registry.publish(again)[0].isNew == false)
        #expect(try registry.verify(readData: true).isSound)
        try registry.pull(build.name, to: target)
        #expect(try SHA256Digest(ofFile: target) == build.digest)
    }

    @Test(arguments: [[-1], [5, 5], [9, 3], [1_000_000]])
    func cutsOutOfPlaceAreRefused(_ offsets: [Int]) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try RegistryTests.publication(scratch.file("a"))
        publication.builds[0].cuts = offsets.map { PartCut(offset: $0) }
        #expect(refusal { try registry.publish(publication) } != nil)
        #expect(try registry.builds().isEmpty)
        #expect(try registry.verify(readData: true).isSound)
    }

    /// Sizes in a database that came from elsewhere never become allocations or reads past a pack.
    @Test(arguments: [
        "UPDATE part SET offset = 9223372036854775807", "UPDATE part SET storedBytes = 9223372036854775807",
        "UPDATE part SET rawBytes = 9223372036854775807", "UPDATE part SET rawBytes = 1",
        "UPDATE part SET rawBytes = -5",
        "UPDATE part SET encoding = 'planes4'", "UPDATE pack SET byteCount = 1", "DELETE FROM assemblyPart",
        "UPDATE pack SET name = '../../../../../../../etc/passwd'", "UPDATE part SET packId = NULL",
    ])
    func forgedRowsAreAnErrorAndNotACrash(_ statement: String) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication([[1], floats(9001, seed: 1)], in: scratch))[0].record
        try registry.inspectWriter { database in
            for trigger in ["part_update", "assemblyPart_delete"] {
                try database.execute(sql: "DROP TRIGGER \(trigger)")
            }
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF")
            // A rule that holds even so is an answer as well.
            try? database.execute(sql: statement)
        }
        let target = scratch.folder.appending("out")
        let pulled: Void? = try? { _ = try registry.pull(build.name, to: target) }()
        if pulled != nil { #expect(try SHA256Digest(ofFile: target) == build.digest) }
        if statement.contains("NULL") == false { #expect(pulled == nil, "\(statement)") }
    }

    /// A frame of a few kilobytes that unfolds to a hundred times of what the part has.
    @Test func aPartThatUnfoldsToMoreThanRecordedIsStopped() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication([[1], floats(300_000, seed: 1)], elementBytes: 2, in: scratch))[0]
            .record
        let zeros = [UInt8](repeating: 0, count: 60 << 20)
        var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(zeros.count))
        frame.removeLast(frame.count - ZSTD_compress(&frame, frame.count, zeros, zeros.count, 1))
        let path = try #require(packs(scratch).first)
        try FileManager.default.removeItem(atPath: path.string)
        try writeFile([1] + frame, to: path)
        let count = frame.count
        try registry.inspectWriter { database in
            try database.execute(sql: "UPDATE pack SET byteCount = ?", arguments: [count + 1])
            try database.execute(
                sql: "UPDATE part SET offset = 1, storedBytes = ?, encoding = 'zstd' WHERE rawBytes > 1",
                arguments: [count]
            )
        }
        let target = scratch.folder.appending("out")
        #expect(refusal { try registry.pull(build.name, to: target) }?.isDamage == true)
        #expect(FileStatus(target) == nil)
        #expect(try !registry.verify(readData: true).isSound)
        #expect(try registry.repair(applies: false).lost.map(\.sha256) == [build.digest])
    }

    @Test(arguments: [
        "UPDATE part SET digest = 'x'", "DELETE FROM part", "DELETE FROM assembly", "DELETE FROM assemblyPart",
    ])
    func whatMakesAPublishedFileCannotBeChanged(_ statement: String) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication([[1], noise(100, seed: 1)], in: scratch))
        let error = refusal { try registry.inspectWriter { try $0.execute(sql: statement) } }
        #expect(error?.description.contains("never changed or removed") == true, "\(error as Any)")
    }

    /// A pack without rows is what a killed publisher leaves.
    @Test func aPackWithoutRowsIsALeftover() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.publish(publication([[1], noise(100, seed: 1)], in: scratch))
        let orphan = scratch.objects.appending("packs/ab").appending("ab" + String(repeating: "0", count: 30) + ".pack")
        try FileManager.default.createDirectory(
            atPath: orphan.removingLastComponent().string,
            withIntermediateDirectories: true
        )
        try writeFile([1], to: orphan)
        #expect(try registry.verify(readData: true).leftovers.map(\.path) == [orphan.string])
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false).map(\.path) == [orphan.string])
        #expect(try registry.verify(readData: true).isSound)
    }
}
