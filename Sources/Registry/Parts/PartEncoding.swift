import BinaryIO

/// How a part's bytes lie in its pack; the name of a part is the SHA-256 of its raw bytes whatever this says.
enum PartEncoding: String, Sendable, CaseIterable {
    case raw
    /// One zstd frame.
    case zstd
    /// One zstd frame over the first bytes of all numbers, then all second ones.
    case planes2
    /// The same for numbers of four bytes.
    case planes4

    /// How many planes there are; one where the order of the bytes is the file's.
    var planeCount: Int {
        switch self {
        case .raw, .zstd: 1
        case .planes2: 2
        case .planes4: 4
        }
    }

    /// The encoding by planes for numbers of this many bytes, where there is one.
    static func planes(ofElementBytes count: Int) -> PartEncoding? {
        switch count {
        case 2: .planes2
        case 4: .planes4
        default: nil
        }
    }
}

/// A part of published files, and where it lies.
struct StoredPart: Hashable, Sendable {
    let digest: SHA256Digest
    let encoding: PartEncoding
    let rawBytes: Int
    let storedBytes: Int
    /// Where it begins in its pack.
    let offset: Int
    let pack: Pack

    /// Whether sizes and place are ones that a part can have. They come from a database that may have been edited, and
    /// decide how much memory is used and where a file is read.
    var isPossible: Bool {
        (1...PartCut.longestAccepted).contains(rawBytes) && (1...rawBytes).contains(storedBytes)
            && (0...(.max - storedBytes)).contains(offset)
    }

    /// A file of parts.
    struct Pack: Hashable, Sendable {
        let name: PackName
        let byteCount: Int
    }
}

/// The name of a pack: 32 hexadecimal digits by type, so no text from a database ever becomes a path.
struct PackName: Hashable, Sendable, CustomStringConvertible {
    let description: String

    /// A name that nothing else has.
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
