import BinaryIO
import Foundation
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

/// Registries on disks that are full or cannot be written. A small disk in memory takes the place of both.
@Suite(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
struct FullDiskTests {
    /// At every size of the disk there is a registry or none, never half of one.
    @Test(arguments: Array(stride(from: 40_000, through: 1_000_000, by: 40_000)))
    func aRegistryIsMadeWholeOrNotAtAll(_ bytes: Int) throws {
        let disk = try SmallDisk(bytes: bytes)
        let path = disk.folder.appending("r.db")
        do {
            try ModelRegistry(path: path, mode: .create).close()
        } catch {
            #expect(!"\(error)".contains("backup"), "\(error)")
            #expect("\(error)".contains("Free some"), "\(error)")
            #expect((error as? RegistryError)?.isDamage != true)
        }
        #expect(try disk.folder.names.allSatisfy { $0 == "r.db" || $0 == "r.db-wal" || $0 == "r.db-shm" })
        try disk.resize(to: 20 << 20)
        let registry = try ModelRegistry(path: path, mode: .create)
        #expect(try registry.verify(readData: true).isSound)
        try registry.close()
    }

    /// What another writes fills the disk between two transactions.
    @Test func aWriteThatFindsNoRoomSaysSoAndChangesNothing() throws {
        let disk = try SmallDisk(bytes: 4 << 20)
        let registry = try ModelRegistry(path: disk.folder.appending("r.db"), mode: .create)
        let scratch = try Scratch()
        let build = try registry.publish(publication(scratch.file("a", count: 10_000)))[0].record
        try disk.fill(leaving: 0)
        var values: [MeasurementRecord] = []
        for number in 0..<3000 {
            var value = someMeasurement
            value.value = Double(number)
            values.append(value)
        }
        let path = disk.folder.appending("r.db")
        #expect(refusal { try registry.record(values, of: build.name) } == .diskFull(path))
        try FileManager.default.removeItem(atPath: disk.folder.appending("filler").string)
        #expect(try registry.measurements(of: build.digest).isEmpty)
        #expect(try registry.verify(readData: true).isSound)
    }

    /// On a disk that cannot be written everything that reads works, with or without a log that was left there.
    @Test(arguments: [false, true])
    func aDiskThatCannotBeWrittenCanBeRead(_ hasLog: Bool) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a"), channel: "stable"))[0].record
        if !hasLog { try registry.close() }
        let disk = try SmallDisk(bytes: 8 << 20)
        // As a process leaves it that is killed: what was written last is in the log alone.
        for suffix in [""] + (hasLog ? ["-wal"] : []) + [".objects"] {
            let target = disk.folder.appending("registry.db" + suffix).string
            try FileManager.default.copyItem(atPath: scratch.database.string + suffix, toPath: target)
        }
        try disk.makeReadOnly()
        let path = disk.folder.appending("registry.db")
        let reader = try ModelRegistry(path: path, mode: .readOnly)
        #expect(try reader.builds() == [build])
        #expect(try reader.channelHistory(of: "tiny").count == 1)
        #expect(try reader.verify(readData: true).isSound)
        #expect(try reader.collectLeftovers(olderThan: 0, dryRun: true).isEmpty)
        #expect(try reader.repair(applies: false).isWhole)
        try reader.pull(build.name, to: scratch.folder.appending("out"))
        #expect(refusal { try reader.publish(publication(scratch.file("b"), version: "2.0.0")) } != nil)
        #expect(refusal { _ = try ModelRegistry(path: path, mode: .openExisting) } == .readOnly(path))
        try reader.close()
    }
}
