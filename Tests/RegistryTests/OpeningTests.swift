import BinaryIO
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// What a path may lead to, and what is said of it.
@Suite struct OpeningTests {
    private func link(_ path: FilePath, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target)
    }

    /// Rows and objects stay beside each other, whatever way leads to them.
    @Test func aRegistryBehindALinkIsOneRegistry() throws {
        let scratch = try Scratch()
        let real = scratch.folder.appending("real")
        try FileManager.default.createDirectory(atPath: real.string, withIntermediateDirectories: true)
        try link(scratch.folder.appending("folder"), to: "real")
        try link(scratch.database, to: "hop.db")
        try link(scratch.folder.appending("hop.db"), to: "folder/r.db")
        // A link that leads nowhere yet is where the registry is made.
        let maker = try scratch.registry(.create)
        let first = try maker.publish(publication(scratch.file("a")))[0].record
        try maker.close()
        for (name, path) in [("b", "registry.db"), ("c", "folder/r.db"), ("d", "real/r.db"), ("e", "hop.db")] {
            let registry = try ModelRegistry(path: scratch.folder.pushing(FilePath(path)), mode: .openExisting)
            try registry.publish(publication(scratch.file(name, seed: UInt64(name.utf8.first!)), model: name))
            #expect(try registry.verify(readData: true).isSound, "\(path)")
            try registry.close()
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.string)
        #expect(!names.contains { $0.contains(".objects") || $0.contains("-") }, "\(names)")
        let beside = try FileManager.default.contentsOfDirectory(atPath: real.string)
        #expect(Set(beside).subtracting(["r.db-wal", "r.db-shm"]) == ["r.db", "r.db.objects"])
        let registry = try scratch.registry(.openExisting)
        #expect(try registry.collectLeftovers(olderThan: 0, dryRun: false).isEmpty)
        #expect(try registry.repair(applies: true).isWhole)
        try registry.pull(first.name, to: scratch.folder.appending("out"))
        #expect(try registry.builds().count == 5)
    }

    @Test(arguments: [ModelRegistry.Mode.create, .openExisting, .readOnly])
    func aFolderIsSaidToBeOne(_ mode: ModelRegistry.Mode) throws {
        let scratch = try Scratch()
        let empty = refusal { _ = try ModelRegistry(path: scratch.folder, mode: mode) }
        #expect(empty?.description.contains("this is a folder") == true, "\(empty as Any)")
        try scratch.registry(.create).close()
        let full = refusal { _ = try ModelRegistry(path: scratch.folder, mode: mode) }
        #expect(full == .folder(scratch.folder, suggestion: scratch.database))
    }

    @Test(.timeLimit(.minutes(1)), arguments: [ModelRegistry.Mode.create, .openExisting, .readOnly])
    func aFIFOKeepsNobodyWaiting(_ mode: ModelRegistry.Mode) throws {
        let scratch = try Scratch()
        #expect(mkfifo(scratch.database.string, 0o600) == 0)
        #expect(refusal { _ = try scratch.registry(mode) }?.description.contains("not a regular file") == true)
    }

    @Test func textIsNotARegistry() throws {
        let scratch = try Scratch()
        try writeFile(Array("name: tiny\nsteps: []\n".utf8), to: scratch.database)
        #expect(
            refusal { _ = try scratch.registry(.readOnly) }?.description.contains("not an edgepipe registry") == true
        )
    }

    @Test func aRegistryWithoutItsObjectsSaysSo() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        let away = scratch.folder.appending("away")
        try FileManager.default.moveItem(atPath: scratch.objects.string, toPath: away.string)
        for isEmpty in [false, true] {
            if isEmpty {
                // As where a disk is not mounted.
                try FileManager.default.createDirectory(
                    atPath: scratch.objects.string,
                    withIntermediateDirectories: true
                )
            }
            let expected = RegistryError.objectsMissing(scratch.objects, isEmpty: isEmpty)
            #expect(expected.isDamage && expected.description.contains(scratch.objects.string))
            #expect(refusal { try registry.pull(build.name, to: scratch.folder.appending("out")) } == expected)
            #expect(refusal { try registry.checkObjects() } == expected)
            #expect(refusal { try registry.publish(publication(scratch.file("b"), version: "2.0.0")) } == expected)
            let damages = try registry.verify(readData: true).damages
            #expect(damages.map(\.detail) == [expected.description] && damages[0].builds == [build.name])
            #expect(try registry.verify(sample: VerificationSample(percent: 100)).damages.count == 1)
            // What is away is not lost.
            #expect(refusal { _ = try registry.repair(applies: true) } == expected)
            #expect(try registry.damagedObjects().isEmpty)
        }
        try FileManager.default.removeItem(atPath: scratch.objects.string)
        try FileManager.default.moveItem(atPath: away.string, toPath: scratch.objects.string)
        #expect(try registry.verify(readData: true).isSound)
    }

    /// A mark of a lost build is told, and goes once its bytes were read and are whole.
    @Test(arguments: [true, false])
    func marksOfLostBuildsAreToldAndHeal(_ byRepair: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        let (path, away) = (scratch.objectPath(of: build), scratch.folder.appending("away"))
        try FileManager.default.moveItem(atPath: path.string, toPath: away.string)
        #expect(try !registry.repair(applies: true).isWhole)
        #expect(try registry.damagedObjects() == [build.digest])
        #expect(try registry.verify(readData: false).damages.map(\.kind) == [.lost, .object])
        try FileManager.default.moveItem(atPath: away.string, toPath: path.string)
        let quick = try registry.verify(readData: false)
        #expect(quick.damages.map(\.kind) == [.lost] && quick.damages[0].builds == [build.name])
        #expect(quick.returned.isEmpty, "sizes alone do not tell")
        if byRepair {
            #expect(try registry.repair(applies: true).isWhole)
        } else {
            let report = try registry.verify(readData: true)
            #expect(report.returned == [build.digest])
            try registry.forgetDamage(of: report.returned)
        }
        #expect(try registry.damagedObjects().isEmpty)
        #expect(try registry.standingCount() == 1)
        #expect(try registry.verify(readData: true).isSound)
    }

    /// Bytes behind a folder that cannot be searched are not missing. A loop of links stands in for the permission, which
    /// does not hold for the super-user.
    @Test func whatCannotBeReadIsNotSaidToBeMissing() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        let folder = scratch.objectPath(of: build).removingLastComponent()
        let away = scratch.folder.appending("away")
        try FileManager.default.moveItem(atPath: folder.string, toPath: away.string)
        try link(folder, to: folder.string)
        let error = refusal { try registry.pull(build.name, to: scratch.folder.appending("out")) }
        guard case .unreadable? = error else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(error?.isDamage == false && error?.description.contains("cannot be read") == true)
        let report = try registry.verify(readData: false)
        #expect(report.damages.map(\.kind) == [.object] && report.damages[0].detail.contains("cannot be read"))
        #expect(refusal { _ = try registry.repair(applies: true) } == error, "it is not marked as lost")
        #expect(try registry.damagedObjects().isEmpty)
    }
}
