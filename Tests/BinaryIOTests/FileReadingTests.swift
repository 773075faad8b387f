import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

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
}
