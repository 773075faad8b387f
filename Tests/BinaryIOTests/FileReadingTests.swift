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

@Suite struct FileReadingTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    @Test func slabsAreTheFileInOrder() throws {
        let content = (0..<(5 << 19)).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) }
        let path = try scratch.write(content, to: "a")
        var slabs: [[UInt8]] = []
        try forEachSlab(of: path) { slabs.append(Array($0)) }
        #expect(slabs.count > 1 && Array(slabs.joined()) == content)
    }

    @Test(arguments: [(9, false), (10, true), (11, true)])
    func aFileLargerThanTheLimitIsRefused(_ limit: Int, _ isRead: Bool) throws {
        let path = try scratch.write([UInt8](repeating: 1, count: 10), to: "a")
        #expect((try? readFile(path, limit: limit).count) == (isRead ? 10 : nil))
    }

    @Test func everySpellingOfAPathLeadsToOneFile() throws {
        let path = try scratch.write([1], to: "a")
        let other = try scratch.write([1], to: "b")
        let link = scratch.path.appending("link")
        try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: path.string)
        let identity = fileIdentity(path)
        #expect(identity != nil && identity == fileIdentity(link))
        #expect(identity == fileIdentity(scratch.path.appending("../\(scratch.path.lastComponent!.string)/./a")))
        #expect(identity != fileIdentity(other))
        #expect(fileIdentity(scratch.path.appending("missing")) == nil)
    }

    /// Opening one would wait for a writer, or never end.
    @Test(arguments: ["pipe", "/dev/zero", "/dev/null"])
    func whatIsNoRegularFileIsRefusedAtOnce(_ name: String) throws {
        mkfifo(scratch.appending("pipe").string, 0o600)
        let path = name.hasPrefix("/") ? FilePath(name) : scratch.appending(name)
        for attempt in [{ _ = try readFile(path, limit: 10) }, { _ = try MappedFile(path: path) }] {
            let error = #expect(throws: FileError.self, performing: attempt)
            #expect(error?.operation == "open" && error?.description.contains("a regular file is needed") == true)
        }
    }

    @Test func aFolderIsRefusedInWords() {
        let error = #expect(throws: FileError.self) { try readFile(scratch.path, limit: 10) }
        #expect(error?.errno == .isDirectory)
    }
}
