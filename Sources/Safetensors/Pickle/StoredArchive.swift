/// The uncompressed files of a zip archive, as PyTorch writes tensors.
///
/// Source: PKWARE, "APPNOTE.TXT - .ZIP File Format Specification", 4.3 and 4.5.
struct StoredArchive {
    /// The range of each file's bytes in the archive, by its name.
    let files: [String: Range<Int>]

    private static let end: UInt32 = 0x0605_4b50
    private static let end64: UInt32 = 0x0606_4b50
    private static let locator64: UInt32 = 0x0706_4b50
    private static let entry: UInt32 = 0x0201_4b50
    private static let local: UInt32 = 0x0403_4b50
    /// The most files that are accepted; a model has one for each tensor.
    private static let mostFiles = 1 << 20

    /// - Throws: `SafetensorsProblem.unreadablePickle` if the bytes are not such an archive.
    init(_ bytes: UnsafeRawBufferPointer) throws {
        let source = Source(bytes: bytes)
        let (start, count) = try Self.directory(source)
        var files: [String: Range<Int>] = [:]
        var place = start
        for _ in 0..<count {
            guard try source.number(UInt32.self, at: place) == Self.entry else {
                throw source.problem("no directory", place)
            }
            let method = try source.number(UInt16.self, at: place + 10)
            var size = try source.number(UInt32.self, at: place + 24)
            let packed = try source.number(UInt32.self, at: place + 20)
            let nameLength = try source.number(UInt16.self, at: place + 28)
            let extraLength = try source.number(UInt16.self, at: place + 30)
            var offset = try source.number(UInt32.self, at: place + 42)
            let name = try source.text(at: place + 46, count: nameLength)
            if size == Int(UInt32.max) || offset == Int(UInt32.max) || packed == Int(UInt32.max) {
                (size, offset) = try Self.wide(source, place + 46 + nameLength, extraLength, size, packed, offset)
            }
            guard method == 0 else { throw source.problem("'\(name)' is compressed", place) }
            let header = try source.end(of: offset, 30)
            guard try source.number(UInt32.self, at: offset) == Self.local else {
                throw source.problem("no file", offset)
            }
            let skipped = try source.number(UInt16.self, at: offset + 26) + source.number(UInt16.self, at: offset + 28)
            let first = header + skipped
            guard files.updateValue(first..<(try source.end(of: first, size)), forKey: name) == nil else {
                throw source.problem("'\(name)' stands twice", place)
            }
            place += 46 + nameLength + extraLength + (try source.number(UInt16.self, at: place + 32))
        }
        self.files = files
    }

    /// Returns the start of the directory, and the number of its files.
    private static func directory(_ source: Source) throws -> (start: Int, count: Int) {
        // A comment of up to 64 KiB may follow the last record.
        let lowest = max(0, source.bytes.count - 22 - 0xffff)
        guard source.bytes.count >= 22,
            let place = try stride(from: source.bytes.count - 22, through: lowest, by: -1).first(where: {
                try source.number(UInt32.self, at: $0) == end
            })
        else { throw source.problem("no zip archive", 0) }
        var (count, start) = (
            try source.number(UInt16.self, at: place + 10), try source.number(UInt32.self, at: place + 16)
        )
        if place >= 20, try source.number(UInt32.self, at: place - 20) == locator64 {
            let record = try source.wide(at: place - 12)
            guard try source.number(UInt32.self, at: record) == end64 else {
                throw source.problem("no directory", record)
            }
            (count, start) = (try source.wide(at: record + 32), try source.wide(at: record + 48))
        }
        guard count <= mostFiles else { throw source.problem("\(count) files are too many", place) }
        return (start, count)
    }

    /// Reads sizes of more than four bytes from an extra field, which has them in this order, each only if its own
    /// field is full.
    private static func wide(
        _ source: Source,
        _ start: Int,
        _ length: Int,
        _ size: Int,
        _ packed: Int,
        _ offset: Int
    ) throws -> (size: Int, offset: Int) {
        var place = start
        while place + 4 <= start + length {
            let (tag, count) = (
                try source.number(UInt16.self, at: place), try source.number(UInt16.self, at: place + 2)
            )
            place += 4
            guard tag == 1 else {
                place += count
                continue
            }
            var found = (size, offset)
            if size == Int(UInt32.max) { found.0 = try source.wide(at: place); place += 8 }
            if packed == Int(UInt32.max) { place += 8 }
            if offset == Int(UInt32.max) { found.1 = try source.wide(at: place) }
            return found
        }
        throw source.problem("a size is missing", start)
    }

    /// The numbers of the archive, each read within its bounds.
    private struct Source {
        let bytes: UnsafeRawBufferPointer

        func problem(_ reason: String, _ place: Int) -> SafetensorsProblem {
            .unreadablePickle("\(reason) at byte \(place)")
        }

        func end(of start: Int, _ count: Int) throws -> Int {
            guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else {
                throw problem("the file ends too early", bytes.count)
            }
            return start + count
        }

        func number<Number: FixedWidthInteger>(_: Number.Type, at place: Int) throws -> Int {
            _ = try end(of: place, MemoryLayout<Number>.size)
            return Int(Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: Number.self)))
        }

        func wide(at place: Int) throws -> Int {
            _ = try end(of: place, 8)
            let value = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            guard let number = Int(exactly: value) else { throw problem("a size overflows", place) }
            return number
        }

        func text(at place: Int, count: Int) throws -> String {
            String(decoding: bytes[place..<(try end(of: place, count))], as: UTF8.self)
        }
    }
}
