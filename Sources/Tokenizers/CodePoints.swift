/// A text as code points with their classes, which word splitters read.
struct CodePoints {
    private(set) var values: [UInt32] = []
    private(set) var classes: [CharacterClass] = []

    var count: Int { values.count }

    /// Decodes bytes that should be UTF-8. A byte that starts no sequence becomes U+FFFD; encoded surrogates are
    /// accepted, as in the reference implementation.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        values.reserveCapacity(bytes.count)
        classes.reserveCapacity(bytes.count)
        CharacterClass.table.withUnsafeBufferPointer { table in
            var offset = 0
            while offset < bytes.count {
                let (value, length) = Self.decode(bytes, at: offset)
                values.append(value)
                classes.append(table[Int(value)])
                offset += length
            }
        }
    }

    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (value: UInt32, length: Int) {
        guard let sequence = sequence(bytes, at: offset), sequence.value <= 0x10_ffff else { return (0xfffd, 1) }
        return sequence
    }

    /// The sequence at `offset` by UTF-8's bit pattern alone, which may be beyond Unicode's last code point; nil for
    /// none.
    static func sequence(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (value: UInt32, length: Int)? {
        let first = bytes[offset]
        if first < 0x80 { return (UInt32(first), 1) }
        let length = sequenceLength(startingWith: first)
        // 0x80...0xbf continue a sequence, and 0xf8... are invalid.
        guard length > 1, first < 0xf8, offset + length <= bytes.count else { return nil }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for next in bytes[(offset + 1)..<(offset + length)] {
            guard next & 0xc0 == 0x80 else { return nil }
            value = value << 6 | UInt32(next & 0x3f)
        }
        return (value, length)
    }

    /// Appends bytes with U+FFFD for every one that is not UTF-8.
    static func appendValid(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        if String(validating: bytes, as: UTF8.self) != nil {
            output.append(contentsOf: bytes)
        } else {
            CodePoints(bytes).appendUTF8(to: &output)
        }
    }

    /// Appends the code points' UTF-8.
    func appendUTF8(to bytes: inout [UInt8]) {
        for value in values { CodePoints.appendUTF8(of: value, to: &bytes) }
    }

    static func appendUTF8(of value: UInt32, to bytes: inout [UInt8]) {
        func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: value >> shift) & 0x3f }
        switch value {
        case ..<0x80: bytes.append(UInt8(value))
        case ..<0x800: bytes += [0xc0 | UInt8(value >> 6), tail(0)]
        case ..<0x10000: bytes += [0xe0 | UInt8(value >> 12), tail(6), tail(0)]
        default: bytes += [0xf0 | UInt8(value >> 18), tail(12), tail(6), tail(0)]
        }
    }

    /// The number of bytes of a code point in UTF-8.
    static func utf8Count(of value: UInt32) -> Int {
        value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4
    }
}

/// The length of the UTF-8 sequence that starts with `byte`, in bytes; 1 for a byte that starts none.
func sequenceLength(startingWith byte: UInt8) -> Int {
    switch byte {
    case 0xf0...: 4
    case 0xe0...: 3
    case 0xc0...: 2
    default: 1
    }
}
