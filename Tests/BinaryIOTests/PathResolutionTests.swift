import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct PathResolutionTests {
    private let scratch: ScratchFolder
    private let file: FilePath

    init() throws {
        scratch = try ScratchFolder()
        file = try scratch.write("text", to: "file")
    }

    private func link(_ name: String, to target: String) throws -> FilePath {
        let path = scratch.path.appending(name)
        try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: target)
        return path
    }

    @Test func aPathIsResolvedAsFarAsItExists() throws {
        let real = try FilePath(#require(realpath(scratch.path.string, nil).map { String(cString: $0) }))
        #expect(scratch.path.appending("a/b").resolvingLinks() == real.appending("a/b"))
        #expect(try link("dangling", to: "sub/file").resolvingLinks() == real.appending("sub/file"))
        #expect(try link("link", to: "file").resolvingLinks() == real.appending("file"))
    }

    @Test func aLinkIsFollowedAndTheFoldersAboveStayAsWritten() throws {
        let folder = scratch.path
        #expect(file.followingLastLink() == file)
        _ = try link("one", to: "two")
        _ = try link("two", to: folder.appending("sub/new.db").string)
        #expect(folder.appending("one").followingLastLink() == folder.appending("sub/new.db"))
        #expect(FilePath("no/such/file").followingLastLink() == "no/such/file")
    }
}
