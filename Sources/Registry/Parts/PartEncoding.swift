import BinaryIO

/// How a part's bytes are stored in its pack. The name of a part is always the SHA-256 of its raw bytes.
enum PartEncoding: String, Sendable, CaseIterable {
    case raw
    /// One zstd frame.
    case zstd
    /// One zstd frame over the two byte planes of two-byte numbers: all first bytes, then all second bytes.
    case planes2
    /// One zstd frame over the four byte planes of four-byte numbers.
    case planes4

    /// The number of planes; 1 if the bytes keep the order of the file.
    var planeCount: Int {
        switch self {
        case .raw, .zstd: 1
        case .planes2: 2
        case .planes4: 4
        }
    }

    /// The plane encoding for numbers of this many bytes; nil if there is none.
    static func planes(ofElementBytes count: Int) -> PartEncoding? {
        switch count {
        case 2: .planes2
        case 4: .planes4
        default: nil
        }
    }
}

/// A part of published files, and where it is stored.
struct StoredPart: Hashable, Sendable {
    let digest: SHA256Digest
    let encoding: PartEncoding
    let rawBytes: Int
    let storedBytes: Int
    /// Byte offset in the pack.
    let offset: Int
    let pack: Pack

    /// Whether the sizes and the offset are possible for a part. They come from a database that may have been edited,
    /// and decide how much memory is used and where a file is read.
    var isPossible: Bool {
        (1...PartCut.longestAccepted).contains(rawBytes) && (1...rawBytes).contains(storedBytes)
            && (0...(.max - storedBytes)).contains(offset)
    }

    /// A file that holds many parts.
    struct Pack: Hashable, Sendable {
        let name: PackName
        let byteCount: Int
    }
}

/// The name of a pack. Its type allows only 32 hexadecimal digits, so no text from a database ever becomes a path.
struct PackName: Hashable, Sendable, CustomStringConvertible {
    let description: String

    /// Makes a new random name.
    init() {
        let halves = [UInt64.random(in: 0 ... .max), .random(in: 0 ... .max)].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }
        description = halves.joined()
    }

    init?(_ text: String) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let letters = UInt8(ascii: "a")...UInt8(ascii: "f")
        guard text.utf8.count == 32, text.utf8.allSatisfy({ digits ~= $0 || letters ~= $0 }) else { return nil }
        description = text
    }
}
