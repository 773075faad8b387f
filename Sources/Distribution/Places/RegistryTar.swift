import BinaryIO
import SystemPackage

/// A tar file of regular files, as an export writes it. Source: POSIX.1-2017, pax, ustar interchange format; sizes that
/// do not fit into eleven octal digits are written in base 256, as GNU tar does.
///
/// A file from elsewhere is not trusted: entries are rejected if they are not regular files with the name of a layout,
/// occur twice, end early, or have a wrong header checksum. No name of it ever becomes a path.
struct RegistryTar {
    /// The place of a file's bytes.
    struct Entry: Hashable {
        var offset: Int
        var byteCount: Int
    }

    static let blockBytes = 512
    /// Two blocks of zeros.
    static let end = [UInt8](repeating: 0, count: 2 * blockBytes)
    /// The most files in a layout, because each takes memory before anything is read.
    static let mostEntries = 1 << 20

    let path: FilePath
    let entries: [String: Entry]

    /// The bytes that a file occupies, rounded up to a whole block.
    static func padded(_ byteCount: Int) -> Int { (byteCount + blockBytes - 1) / blockBytes * blockBytes }

    /// - Precondition: the name has at most 100 bytes.
    static func header(named name: String, byteCount: Int) -> [UInt8] {
        precondition(name.utf8.count <= 100 && byteCount >= 0, "a blob's name has 77 bytes")
        var header = [UInt8](repeating: 0, count: blockBytes)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: digits - text.utf8.count) + text
        }
        put(name, at: 0)
        put("0000644", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        if byteCount < 1 << 33 {
            put(octal(byteCount, 11), at: 124)
        } else {
            header[124] = 0x80
            for index in 0..<8 { header[128 + index] = UInt8(truncatingIfNeeded: byteCount >> (56 - 8 * index)) }
        }
        // The time is fixed, so that the same builds always give the same file.
        put(octal(0, 11), at: 136)
        put("0", at: 156)
        put("ustar\u{0}00", at: 257)
        put(octal(sum(of: header), 6) + "\u{0} ", at: 148)
        return header
    }

    /// The checksum of a header: the sum of its bytes, with spaces in place of the checksum.
    static func sum(of header: [UInt8]) -> Int {
        header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    }

    /// Passes the bytes of a file to `body`, some megabytes at a time.
    func forEachSlab(of entry: Entry, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let (input, _) = try openRegularFile(path)
        defer { try? input.close() }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(4 << 20, max(1, entry.byteCount)),
            alignment: 64
        )
        defer { buffer.deallocate() }
        var done = 0
        while done < entry.byteCount {
            let count = min(buffer.count, entry.byteCount - done)
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            guard try Self.read(input, at: entry.offset + done, into: target, path) else {
                throw DistributionError.unusable(
                    place: path.string,
                    "it became shorter while it was being read. Copy it again."
                )
            }
            try body(UnsafeRawBufferPointer(target))
            done += count
        }
    }

    /// Fills the target.
    /// - Returns: false if the file ends early.
    static func read(
        _ input: FileDescriptor,
        at offset: Int,
        into target: UnsafeMutableRawBufferPointer,
        _ path: FilePath
    ) throws -> Bool {
        var done = 0
        do {
            while done < target.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
                let count = try input.read(fromAbsoluteOffset: Int64(offset + done), into: rest)
                if count == 0 { return false }
                done += count
            }
        } catch let reason as Errno {
            throw FileError("read", path, errno: reason)
        }
        return true
    }
}
