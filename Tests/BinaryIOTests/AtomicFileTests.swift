import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct AtomicFileTests {
    private let scratch: ScratchFolder
    private let target: FilePath

    init() throws {
        scratch = try ScratchFolder()
        target = scratch.path.appending("model.gguf")
    }

    private var content: [UInt8] { get throws { try readFile(target, limit: 1 << 20) } }

    @Test func theFinalNameKeepsItsOldContentUntilCommit() throws {
        try scratch.write([1], to: "model.gguf")
        let file = try AtomicFile(path: target)
        try file.write([2, 3])
        #expect(try content == [1])
        try file.commit()
        #expect(try content == [2, 3])
        #expect(try scratch.names == ["model.gguf"])
    }

    @Test func anUnfinishedFileGoesWithItsObject() throws {
        func start() throws {
            let file = try AtomicFile(path: target)
            try file.write([1, 2, 3])
            let names = try scratch.names
            let name = try #require(names.first)
            #expect(names.count == 1 && name.hasPrefix(".model.gguf.\(getpid()).") && name.hasSuffix(".partial"))
        }
        try start()
        #expect(try scratch.names.isEmpty)
    }

    @Test func discardingRemovesTheFileAndIsFinal() throws {
        let file = try AtomicFile(path: target)
        try file.write([1])
        file.discard()
        file.discard()
        try file.commit()
        #expect(try scratch.names.isEmpty)
    }

    @Test func positionalWritesAndALengthMakeTheFile() throws {
        let file = try AtomicFile(path: target)
        try file.reserve(byteCount: 100)
        try [UInt8]([7, 8]).withUnsafeBytes { try file.write($0, at: 3) }
        try [UInt8]([5]).withUnsafeBytes { try file.write($0, at: 0) }
        try file.finish(byteCount: 6)
        #expect(file.count == 6)
        try file.commit()
        #expect(try content == [5, 0, 0, 7, 8, 0])
    }

    @Test func aFolderThatIsNotThereIsAnErrorThatNamesTheFile() throws {
        let path = scratch.path.appending("missing/model.gguf")
        let error = #expect(throws: FileError.self) { _ = try AtomicFile(path: path) }
        #expect(error?.operation == "create" && error?.path == path && error?.errno == .noSuchFileOrDirectory)
    }

    @Test(.enabled(if: geteuid() != 0, "the superuser may write anywhere"))
    func aFolderThatMayNotBeWrittenIsAnError() throws {
        chmod(scratch.path.string, 0o500)
        defer { chmod(scratch.path.string, 0o700) }
        let error = #expect(throws: FileError.self) { _ = try AtomicFile(path: target) }
        #expect(error?.errno == .permissionDenied)
    }

    @Test func aPathThatNamesNoFileIsRefused() {
        #expect(throws: FileError.self) { _ = try AtomicFile(path: "/") }
    }

    @Test func aFolderInTheWayIsAnErrorBeforeAnyWork() throws {
        try FileManager.default.createDirectory(atPath: target.string, withIntermediateDirectories: false)
        let error = #expect(throws: FileError.self) { _ = try AtomicFile(path: target) }
        #expect(error?.operation == "write" && error?.errno == .isDirectory)
        #expect(try scratch.names == ["model.gguf"])
    }

    @Test func aFolderThatComesIntoTheWayIsAnErrorAndStays() throws {
        let file = try AtomicFile(path: target)
        try FileManager.default.createDirectory(atPath: target.string, withIntermediateDirectories: false)
        let error = #expect(throws: FileError.self) { try file.commit() }
        #expect(error?.operation == "rename into place")
        #expect(try scratch.names == ["model.gguf"])
    }

    @Test func aSealedFileIsNotVisibleYetAndCanBeGivenUp() throws {
        let file = try AtomicFile(path: target)
        try file.write([1, 2, 3])
        try file.seal()
        #expect(fileIdentity(target) == nil)
        file.discard()
        #expect(try scratch.names.isEmpty)
        let kept = try AtomicFile(path: target)
        try kept.write([4])
        try kept.seal()
        try kept.commit()
        #expect(try content == [4])
        kept.discard()
        #expect(try content == [4])
    }

    @Test func wholeSmallFilesAreWrittenAtOnce() throws {
        try writeFile("text".utf8, to: target)
        #expect(try content == Array("text".utf8))
    }

    /// Each has its own bytes until it commits; the last one stays.
    @Test func writersOfOneNameInOneProcessDoNotDisturbEachOther() throws {
        let writers = try (0..<8).map { _ in try AtomicFile(path: target) }
        #expect(try scratch.names.count == writers.count)
        for (index, writer) in writers.enumerated() { try writer.write([UInt8(index)]) }
        for (index, writer) in writers.enumerated() {
            try writer.commit()
            #expect(try content == [UInt8(index)])
        }
        #expect(try scratch.names == ["model.gguf"])
    }

    /// A process that was killed left its partial file; nobody else will ever finish it.
    @Test func partialFilesOfDeadProcessesAreRemoved() throws {
        let dead = try processThatEnded()
        try scratch.write([1], to: ".model.gguf.\(dead).1.partial")
        let kept = [
            ".model.gguf.\(getppid()).1.partial",  // a living process
            ".model.gguf.12x.1.partial", ".model.gguf..1.partial", ".model.gguf.0.1.partial",
            ".model.gguf.-1.1.partial", ".model.gguf.x.1.partial",
            ".model.gguf.99999999999999999999.1.partial", ".other.gguf.\(dead).1.partial",
            "model.gguf.\(dead).1.partial", ".model.gguf.\(dead).partial", ".model.gguf.\(dead).1.2.partial",
            ".model.gguf.\(dead).x.partial", ".model.gguf.\(dead)..partial",
        ]
        for name in kept { try scratch.write([1], to: name) }
        try AtomicFile(path: target).commit()
        #expect(try scratch.names == (kept + ["model.gguf"]).sorted())
    }

    private func processThatEnded() throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "exit 0"]
        try process.run()
        process.waitUntilExit()
        return process.processIdentifier
    }
}
