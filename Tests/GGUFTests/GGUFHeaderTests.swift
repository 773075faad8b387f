import BinaryIO
import GGUF
import SystemPackage
import TestSupport
import Testing

/// Headers that are read from the beginning of a file, as much as is needed.
@Suite struct GGUFHeaderTests {
    private func header(_ bytes: [UInt8], _ asked: (Int) -> Void = { _ in }) throws -> GGUFHeader {
        try GGUFHeader(named: "model@1.0.0:q4_0", byteCount: bytes.count) { end in
            asked(end)
            return Array(bytes[..<end])
        }
    }

    /// A vocabulary of many words, as large models have, in front of some data.
    private func largeFile(words: Int, dataByteCount: Int) -> [UInt8] {
        var builder = GGUFBuilder.sound
        builder.addArray("test.many", element: 8, count: UInt64(words)) { pair in
            for index in 0..<words { pair.append(counted: "word \(index)") }
        }
        builder.dataByteCount += dataByteCount
        return builder.file
    }

    @Test func itIsThatOfTheWholeFile() throws {
        let scratch = try ScratchFolder()
        for words in [0, 10, 100_000, 400_000] {
            let bytes = largeFile(words: words, dataByteCount: 1 << 20)
            let file = try GGUFFile(path: scratch.write(bytes, to: "a.gguf"))
            let header = try header(bytes)
            #expect(header.version == file.version && header.alignment == file.alignment)
            #expect(header.tensors == file.tensors && header.offsets == file.offsets)
            #expect(try header.metadata.strings("test.many")?.count == words)
        }
    }

    @Test func noMoreIsReadThanTwiceWhatTheHeaderTakes() throws {
        let bytes = largeFile(words: 200_000, dataByteCount: 64 << 20)
        var asked: [Int] = []
        _ = try header(bytes) { asked.append($0) }
        let headerBytes = bytes.count - (64 << 20)
        #expect(asked.count > 1 && asked.last! <= 2 * headerBytes)
        #expect(zip(asked, asked.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(arguments: MalformedGGUF.allCases)
    func aMalformedFileIsRefusedForTheReasonThatTheFileIs(_ malformed: MalformedGGUF) throws {
        let (bytes, problem) = malformed.example
        let error = #expect(throws: GGUFError.self) { _ = try header(bytes) }
        #expect(error?.problem == problem && error?.description.contains("model@1.0.0:q4_0") == true)
    }

    /// A length that reaches over the file is an error at once; one that reaches over the longest header is one as well.
    @Test func aLengthThatCannotBeIsNotReadUpTo() throws {
        var builder = GGUFBuilder.sound
        builder.addPair("test.long", type: 8) { $0.append(UInt64(3) << 30) }
        let bytes = builder.file
        var asked: [Int] = []
        let claimed = 5 << 30
        let error = #expect(throws: GGUFError.self) {
            _ = try GGUFHeader(named: "a", byteCount: claimed) { end in
                asked.append(end)
                return Array(bytes) + [UInt8](repeating: 0, count: end - bytes.count)
            }
        }
        guard case .longHeader = error?.problem else {
            Issue.record("\(error as Any)")
            return
        }
        #expect(asked == [1 << 20])
    }
}
