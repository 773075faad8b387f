import BinaryIO
import SystemPackage
import TestSupport
import Testing

@Suite struct MappedFileTests {
    private let scratch: ScratchFolder
    private let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }

    init() throws { scratch = try ScratchFolder() }

    private func content(of file: MappedFile) -> [UInt8] { withExtendedLifetime(file) { Array(file.bytes) } }

    @Test func theBytesAreTheFilesOwn() throws {
        let file = try MappedFile(path: scratch.write(content, to: "a"))
        #expect(file.count == content.count && content(of: file) == content)
        try withExtendedLifetime(file) {
            let slice = try file.bytes(in: 10..<20)
            #expect(slice.elementsEqual(content[10..<20]))
        }
        #expect(try file.bytes(in: content.count..<content.count).isEmpty)
    }

    @Test func anEmptyFileIsEmptyAndNoError() throws {
        let file = try MappedFile(path: scratch.write([], to: "empty"))
        #expect(file.bytes.isEmpty)
        file.release(0..<10)
        file.prefetch(0..<10)
    }

    @Test(arguments: [-1..<3, 0..<200_001, 200_001..<200_002, Int.max - 1..<Int.max])
    func aRangeOutsideTheFileIsAnError(_ range: Range<Int>) throws {
        let file = try MappedFile(path: scratch.write(content, to: "a"))
        #expect(throws: FileError.self) { _ = try file.bytes(in: range) }
    }

    @Test func releasedPagesReadTheSameAgain() throws {
        let file = try MappedFile(path: scratch.write(content, to: "a"))
        #expect(content(of: file) == content)
        file.release(5_000..<150_000)
        file.prefetch(0..<content.count)
        #expect(content(of: file) == content)
    }

    @Test func whatIsNoRegularFileIsRefused() throws {
        let error = #expect(throws: FileError.self) { _ = try MappedFile(path: scratch.path) }
        #expect(error?.errno == .isDirectory)
        let missing = scratch.path.appending("missing")
        #expect(throws: FileError.self) { _ = try MappedFile(path: missing) }
    }

    @Test func aReplacedFileStaysReadableToWhoMappedIt() throws {
        let path = try scratch.write([1, 2, 3], to: "a")
        let file = try MappedFile(path: path)
        try writeFile([9], to: path)
        #expect(content(of: file) == [1, 2, 3])
        #expect(try content(of: MappedFile(path: path)) == [9])
    }
}
