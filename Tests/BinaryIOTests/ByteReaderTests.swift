import BinaryIO
import Testing

@Suite struct ByteReaderTests {
    private func reading<Value>(_ bytes: [UInt8], _ body: (inout ByteReader) throws -> Value) throws -> Value {
        try bytes.withUnsafeBytes { buffer in
            var reader = ByteReader(buffer)
            return try body(&reader)
        }
    }

    @Test func readsLittleEndianNumbersOneAfterTheOther() throws {
        let bytes: [UInt8] = [0x01, 0x02, 0x03, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]
        try reading(bytes) { reader in
            let whole = (try reader.read(UInt8.self), try reader.read(UInt16.self), try reader.read(Int32.self))
            let floating = (try reader.readFloat(), try reader.readDouble())
            #expect(whole == (1, 0x0302, -1) && floating == (1, 1))
            #expect(reader.remaining == 0 && reader.offset == bytes.count)
        }
    }

    @Test(arguments: [(1, 0), (2, 1), (4, 3), (8, 7)])
    func aNumberThatTheBytesDoNotHoldIsAnErrorAndMovesNothing(_ width: Int, _ available: Int) throws {
        try reading([UInt8](repeating: 9, count: 2 + available)) { reader in
            let expected = ReadError(offset: 2, problem: .truncated(needed: UInt64(width), available: available))
            #expect(throws: Never.self) { try reader.read(byteCount: 2) }
            #expect(throws: expected) {
                switch width {
                case 1: _ = try reader.read(UInt8.self)
                case 2: _ = try reader.read(Int16.self)
                case 4: _ = try reader.readFloat()
                default: _ = try reader.readDouble()
                }
            }
            #expect(reader.offset == 2)
        }
    }

    @Test(arguments: [4, 1 << 31, 1 << 63, UInt64.max])
    func aLengthBeyondTheEndIsRefusedWhateverItsSize(_ length: UInt64) {
        let expected = ReadError(offset: 0, problem: .truncated(needed: length, available: 3))
        #expect(throws: expected) { try reading([1, 2, 3]) { try $0.read(byteCount: length).count } }
        #expect(throws: expected) { try reading([1, 2, 3]) { try $0.readUTF8(byteCount: length) } }
    }

    @Test func takesExactlyTheBytesAskedFor() throws {
        try reading([1, 2, 3]) { reader in
            let pieces = try [2, 0, 1].map { Array(try reader.read(byteCount: $0)) }
            #expect(pieces == [[1, 2], [], [3]])
        }
        #expect(try reading([]) { try $0.read(byteCount: 0).count } == 0)
    }

    @Test(
        arguments: [
            [0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0x80],
        ] as [[UInt8]]
    )
    func textThatIsNoUTF8IsRefusedAtItsStart(_ text: [UInt8]) {
        #expect(throws: ReadError(offset: 1, problem: .invalidUTF8)) {
            try reading([0] + text) { reader in
                _ = try reader.read(UInt8.self)
                return try reader.readUTF8(byteCount: UInt64(text.count))
            }
        }
    }

    @Test func textKeepsItsBytes() throws {
        let text = "e\u{301} é 🜁\0"
        let read = try reading(Array(text.utf8)) { try $0.readUTF8(byteCount: UInt64(text.utf8.count)) }
        #expect(Array(read.utf8) == Array(text.utf8))
    }
}
