import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Where outputs go when their path is not that of a plain file.
@Suite struct OutputPlaceTests {
    private let scratch: ScratchFolder

    init() throws {
        scratch = try ScratchFolder()
        try makeFolder(scratch.appending("folder"))
        try makeFolder(scratch.appending("registry.db.objects/packs"))
    }

    private func content(_ name: String) throws -> [UInt8] { try readFile(scratch.appending(name), limit: 1 << 20) }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: scratch.appending(name).string,
            withDestinationPath: target
        )
    }

    private func isLink(_ name: String) -> Bool {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: scratch.appending(name).string)) != nil
    }

    private func write(_ bytes: [UInt8], to name: String) throws {
        let file = try AtomicFile(path: scratch.appending(name))
        try file.reserve(byteCount: bytes.count)
        try file.write(bytes)
        try file.finish(byteCount: bytes.count)
        try file.commit()
    }

    @Test(arguments: ["folder/target", "missing"])
    func aLinkIsFollowedAndStaysALink(_ target: String) throws {
        try scratch.write([1], to: "folder/target")
        try link("link", to: target)
        try link("second", to: "link")
        try write([2, 3], to: "second")
        #expect(isLink("link") && isLink("second"))
        #expect(try content(target) == [2, 3])
    }

    @Test func theUnfinishedFileIsBesideTheTargetOfALink() throws {
        try scratch.write([1], to: "folder/target")
        try link("link", to: "folder/target")
        let file = try AtomicFile(path: scratch.appending("link"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.appending("folder").string).count == 2)
        file.discard()
        #expect(try content("folder/target") == [1])
    }

    @Test func linksInACircleAreRefused() throws {
        try link("a", to: "b")
        try link("b", to: "a")
        let error = #expect(throws: FileError.self) { try write([1], to: "a") }
        #expect(error?.description.contains("in a circle") == true)
        #expect(isLink("a") && isLink("b"))
    }

    @Test func theNullDeviceTakesEverythingAndStays() throws {
        try link("null", to: "/dev/null")
        for path in ["/dev/null", scratch.appending("null").string] {
            let file = try AtomicFile(path: FilePath(path))
            try file.reserve(byteCount: 100)
            try [UInt8]([7]).withUnsafeBytes { try file.write($0, at: 50) }
            try file.finish(byteCount: 100)
            try file.commit()
            try writeFile([1, 2, 3], to: FilePath(path))
        }
        #expect(FileStatus("/dev/null")?.kind == .device)
        #expect(try scratch.names == ["folder", "null", "registry.db.objects"])
    }

    @Test func aPipeIsRefusedByOutputsThatAreNotWrittenInOrder() throws {
        mkfifo(scratch.appending("pipe").string, 0o600)
        let error = #expect(throws: FileError.self) { try write([1], to: "pipe") }
        #expect(error?.operation == "write" && error?.description.contains("pipe") == true)
        #expect(FileStatus(scratch.appending("pipe"))?.kind == .pipe)
    }

    @Test func aPipeTakesTextsAsTheyAre() throws {
        let path = scratch.appending("pipe")
        mkfifo(path.string, 0o600)
        let reader = open(path.string, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try writeFile("text".utf8, to: path)
        var bytes = [UInt8](repeating: 0, count: 10)
        #expect(read(reader, &bytes, 10) == 4 && bytes.prefix(4).elementsEqual("text".utf8))
        #expect(FileStatus(path)?.kind == .pipe)
    }

    @Test func aSocketIsRefused() throws {
        let path = scratch.appending("s")
        let descriptor = socket(AF_UNIX, sockStream, 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.string.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
        try #require(isBound)
        #expect(throws: FileError.self) { try write([1], to: "s") }
        #expect(FileStatus(path)?.kind == .socket)
    }

    @Test func whatBelongsToARegistryIsNotReplaced() throws {
        var header = [UInt8]("SQLite format 3\0".utf8) + [UInt8](repeating: 0, count: 84)
        header.replaceSubrange(68..<72, with: withUnsafeBytes(of: RegistryFiles.applicationID.bigEndian, Array.init))
        try scratch.write(header, to: "registry.db")
        try scratch.write([1], to: "registry.db.objects/packs/a.pack")
        try link("link", to: "registry.db")
        for name in ["registry.db", "link", "registry.db.objects/packs/a.pack", "registry.db.objects/new"] {
            let error = #expect(throws: FileError.self) { try write([1], to: name) }
            #expect(error?.description.contains("belongs to a registry") == true, "\(name)")
            #expect(throws: FileError.self) { try writeFile([1], to: scratch.appending(name)) }
        }
        #expect(try content("registry.db") == header)
        let own = try AtomicFile(path: scratch.appending("registry.db.objects/packs/b.pack"), isOfRegistry: true)
        try own.commit()
    }
}

#if canImport(Darwin)
    private let sockStream = SOCK_STREAM
#else
    private let sockStream = CInt(SOCK_STREAM.rawValue)
#endif
