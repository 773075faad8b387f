/// GPT-2's encoding of arbitrary bytes as printable characters, which byte-level vocabularies use.
///
/// Printable Latin-1 bytes map to themselves; the other 68 map to U+0100, U+0101, ... in order.
package enum ByteAlphabet {
    /// The code point of each byte.
    static let codePoints: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<256).map { byte in
            switch byte {
            case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: return UInt32(byte)
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    /// The byte of each code point of the alphabet.
    static let bytes: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: codePoints.enumerated().map { ($1, UInt8($0)) }
    )

    /// The UTF-8 of `bytes` encoded in the alphabet.
    package static func spell(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var spelled: [UInt8] = []
        for byte in bytes { CodePoints.appendUTF8(of: codePoints[Int(byte)], to: &spelled) }
        return spelled
    }

    /// The bytes that `text` encodes; nil if a character is not in the alphabet.
    static func read(_ text: String) -> [UInt8]? {
        var read: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = bytes[scalar.value] else { return nil }
            read.append(byte)
        }
        return read
    }
}
