import BinaryIO
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

/// Publishing reads what it relies on, and stores anew what is not what it was.
@Suite struct ModelRegistryMendingTests {
    /// Damages a bit in the middle, or where the pack holds these bytes: parts lie in it in any order.
    private func flip(_ scratch: Scratch, _ build: BuildRecord, at held: [UInt8] = []) throws {
        var path = scratch.objectPath(of: build)
        if build.encoding == .parts {
            let packs = scratch.objects.appending("packs").string
            let names = try FileManager.default.subpathsOfDirectory(atPath: packs).filter { $0.hasSuffix(".pack") }
            path = FilePath(packs).pushing(FilePath(try #require(names.sorted().first)))
        }
        var bytes = try contents(of: path)
        let place = try held.isEmpty ? bytes.count / 2 : #require(Data(bytes).range(of: Data(held))).lowerBound
        bytes[place] ^= 1
        try FileManager.default.removeItem(atPath: path.string)
        try writeFile(bytes, to: path)
    }

    private func draft(_ file: FilePath, _ version: String, inParts: Bool) throws -> Publication {
        var publication = try publication(file, version: version)
        if inParts { publication.builds[0].cuts = [PartCut(offset: 100_000), PartCut(offset: 200_000)] }
        return publication
    }

    @Test(arguments: [true, false], [true, false])
    func theSameFileMendsWhatASingleBitDamaged(_ inParts: Bool, _ underANewName: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let file = try scratch.file("a", compressible: false)
        let build = try registry.publish(draft(file, "1.0.0", inParts: inParts))[0].record
        #expect(build.encoding == (inParts ? .parts : .raw))
        try flip(scratch, build)
        let target = scratch.folder.appending("out")
        #expect(refusal { try registry.pull(build.name, to: target) }?.isDamage == true)
        let again = try registry.publish(draft(file, underANewName ? "1.0.1" : "1.0.0", inParts: inParts))[0]
        #expect(again.isNew == underANewName && again.isMended)
        for name in Set([build.name, again.record.name]) {
            try registry.pull(name, to: target)
            #expect(try SHA256Digest(ofFile: target) == build.digest)
        }
        #expect(try registry.verify(readData: true).isSound)
        let third = try registry.publish(draft(file, "1.0.0", inParts: inParts))[0]
        #expect(!third.isNew && !third.isMended)
    }

    /// Another build that shares the damaged part: all that have it are mended.
    @Test func aBuildThatSharesADamagedPartStoresItAnew() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let file = try scratch.file("a", compressible: false)
        let build = try registry.publish(draft(file, "1.0.0", inParts: true))[0].record
        var bytes = try contents(of: file)
        try flip(scratch, build, at: Array(bytes[150_000..<150_032]))
        bytes[0] ^= 1
        let other = scratch.folder.appending("b")
        try writeFile(bytes, to: other)
        let second = try registry.publish(draft(other, "1.1.0", inParts: true))[0]
        #expect(second.isNew)
        for record in [build, second.record] {
            try registry.pull(record.name, to: scratch.folder.appending("out"))
        }
        #expect(try registry.verify(readData: true).isSound)
    }
}
