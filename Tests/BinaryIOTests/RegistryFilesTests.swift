import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct RegistryFilesTests {
    private let scratch: ScratchFolder
    private let database: FilePath

    init() throws {
        scratch = try ScratchFolder()
        database = try scratch.write(Self.header(RegistryFiles.applicationID), to: "registry.db")
    }

    private static func header(_ application: UInt32) -> [UInt8] {
        var header = Array("SQLite format 3\u{0}".utf8) + [UInt8](repeating: 0, count: 84)
        for index in 0..<4 { header[68 + index] = UInt8(truncatingIfNeeded: application >> (24 - 8 * UInt32(index))) }
        return header
    }

    private func link(_ name: String, to target: String) throws -> FilePath {
        let path = scratch.path.appending(name)
        try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target)
        return path
    }

    @Test(
        arguments: [
            "registry.db", "registry.db-wal", "registry.db-shm", "registry.db-journal", "registry.db.objects",
            "registry.db.objects/packs/ab/ab.pack", "./registry.db", "registry.db.objects/../registry.db",
        ]
    )
    func whatBelongsToARegistryIsProtectedWhetherItIsThereOrNot(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: database.string + ".objects",
            withIntermediateDirectories: true
        )
        #expect(RegistryFiles.protects(FilePath(scratch.path.string + "/" + name)))
    }

    @Test(arguments: ["other.gguf", "registry.db2", "registry.db.objects2/a", "sub/registry.db.objects/a", "-wal"])
    func everythingElseIsNot(_ name: String) {
        #expect(!RegistryFiles.protects(FilePath(scratch.path.string + "/" + name)))
    }

    @Test func anotherProgramsDatabaseIsNot() throws {
        let path = try scratch.write(Self.header(7), to: "other.db")
        #expect(!RegistryFiles.protects(path))
        #expect(!RegistryFiles.protects(path.removingLastComponent().appending("other.db.objects/a")))
        let short = try scratch.write(Self.header(RegistryFiles.applicationID).dropLast(), to: "short.db")
        #expect(!RegistryFiles.protects(short))
    }

    @Test func linksLeadToIt() throws {
        let inner = scratch.path.appending("registry.db.objects")
        try FileManager.default.createDirectory(atPath: inner.string, withIntermediateDirectories: true)
        #expect(RegistryFiles.protects(try link("link", to: "registry.db")))
        #expect(RegistryFiles.protects(try link("link2", to: "link")))
        #expect(RegistryFiles.protects(try link("objects", to: inner.string).appending("packs/a.pack")))
        #expect(RegistryFiles.protects(try link("dangling", to: "registry.db.objects/new")))
        #expect(!RegistryFiles.protects(try link("elsewhere", to: "nowhere")))
    }

    @Test func aCircleOfLinksAndAFIFOKeepNobodyWaiting() throws {
        let circle = try link("one", to: "two")
        _ = try link("two", to: "one")
        #expect(!RegistryFiles.protects(circle))
        let fifo = scratch.path.appending("fifo")
        #expect(mkfifo(fifo.string, 0o600) == 0)
        #expect(!RegistryFiles.protects(fifo))
    }
}
