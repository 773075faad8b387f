import BinaryIO
import SystemPackage

extension RegistryTar {
    /// Reads the table of contents, header by header, and rejects everything that an export does not write.
    /// - Throws: `DistributionError.unusable` with the place of the error and its cause; `FileError`.
    init(reading path: FilePath) throws {
        let (input, size) = try openRegularFile(path)
        defer { try? input.close() }
        var entries: [String: Entry] = [:]
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        var offset = 0
        while true {
            func refuse(_ detail: String) -> DistributionError {
                .unusable(
                    place: path.string,
                    "at byte \(offset): \(detail). Export it again, or give a file that was exported."
                )
            }
            guard try block.withUnsafeMutableBytes({ try Self.read(input, at: offset, into: $0, path) }) else {
                throw refuse("the file ends early")
            }
            if block.allSatisfy({ $0 == 0 }) { break }
            guard let sum = Self.number(block[148..<156]), sum == Self.sum(of: block) else {
                throw refuse("this is not a header of a tar file, or it was changed")
            }
            guard let byteCount = Self.number(block[124..<136]), byteCount <= size - offset - Self.blockBytes,
                Self.padded(byteCount) <= size - offset - Self.blockBytes
            else {
                throw refuse("a file claims more bytes than the archive has")
            }
            let name = Self.text(block[345..<500]).map { $0.isEmpty ? "" : $0 + "/" }
                .flatMap { prefix in Self.text(block[0..<100]).map { prefix + $0 } }
            let entry = Entry(offset: offset + Self.blockBytes, byteCount: byteCount)
            switch block[156] {
            case UInt8(ascii: "0"), 0:
                guard let name = name.map(Self.withoutDot), Self.isOfLayout(name) else {
                    throw refuse("\(Self.quoted(name)) does not belong into an export")
                }
                guard entries.updateValue(entry, forKey: name) == nil else { throw refuse("\(name) is there twice") }
                guard entries.count <= Self.mostEntries else { throw refuse("there are too many files") }
            case UInt8(ascii: "5"):
                let folder = name.map(Self.withoutDot)?.split(separator: "/").joined(separator: "/")
                guard let folder, ["", ".", "blobs", "blobs/sha256"].contains(folder), byteCount == 0 else {
                    throw refuse("the folder \(Self.quoted(name)) does not belong into an export")
                }
            case UInt8(ascii: "x"), UInt8(ascii: "g"):
                // Times and owners are ignored. Records that change a file's name or length would be trusted, so they
                // are rejected.
                var records: [UInt8] = []
                guard byteCount <= 1 << 16 else { throw refuse("a header of \(byteCount) bytes") }
                try RegistryTar(path: path, entries: [:]).forEachSlab(of: entry) { records += $0 }
                let text = String(decoding: records, as: UTF8.self)
                guard !["path=", "linkpath=", "size=", "GNU.sparse"].contains(where: text.contains) else {
                    throw refuse("a header gives the next file another name or length")
                }
            default:
                throw refuse("\(Self.quoted(name)) is a link or something else that is not a file")
            }
            offset = entry.offset + Self.padded(byteCount)
        }
        guard !entries.isEmpty else {
            throw DistributionError.unusable(
                place: path.string,
                "there is nothing in it. Give a folder or a tar file that was exported."
            )
        }
        self.init(path: path, entries: entries)
    }

    /// Whether a name may occur in a layout; no such name leads outside of it.
    private static func isOfLayout(_ name: String) -> Bool {
        if name == OCILayout.marker.name || name == OCILayout.indexName { return true }
        guard name.hasPrefix("blobs/sha256/") else { return false }
        let hex = name.dropFirst("blobs/sha256/".count)
        return SHA256Digest(hex: hex).map { OCILayout.name(of: $0) == name } ?? false
    }

    private static func withoutDot(_ name: String) -> String { name.hasPrefix("./") ? String(name.dropFirst(2)) : name }

    /// A name shortened to one line for messages.
    private static func quoted(_ name: String?) -> String {
        let shown = (name ?? "").unicodeScalars.prefix(80).map { $0.value < 32 || $0.value == 127 ? "?" : String($0) }
        return "\"\(shown.joined())\""
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String? {
        String(validating: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Parses a number in octal digits or in base 256; nil if it is negative, too large or invalid.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if let first = field.first, first & 0x80 != 0 {
            guard first == 0x80 else { return nil }
            var value = 0
            for byte in field.dropFirst() {
                guard value < 1 << 48 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }) else {
            return nil
        }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}
