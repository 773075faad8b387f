/// A text as code points with their classes, the form in which word splitters read it.
struct CodePoints: Sendable {
    private(set) var values: [UInt32] = []
    private(set) var classes: [CharacterClass] = []

    var count: Int { values.count }

    /// Reads bytes that should be UTF-8. A byte that starts no sequence becomes U+FFFD by itself; encoded surrogates
    /// pass, as they do in the reference implementation.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        values.reserveCapacity(bytes.count)
        var offset = 0
        while offset < bytes.count {
            let (value, length) = Self.decode(bytes, at: offset)
            values.append(value)
            offset += length
        }
        classes = values.map { CharacterClass(of: $0) }
    }

    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (value: UInt32, length: Int) {
        let first = bytes[offset]
        let length = sequenceLength(startingWith: first)
        if first < 0x80 { return (UInt32(first), 1) }
        // 0x80...0xbf continue a sequence and 0xf8... start none.
        guard length > 1, first < 0xf8, offset + length <= bytes.count else { return (0xfffd, 1) }
        var value = UInt32(first) & (0x7f >> UInt32(length))
        for next in bytes[(offset + 1)..<(offset + length)] {
            guard next & 0xc0 == 0x80 else { return (0xfffd, 1) }
            value = value << 6 | UInt32(next & 0x3f)
        }
        return value <= 0x10_ffff ? (value, length) : (0xfffd, 1)
    }

    /// Appends the UTF-8 of the code points in `range`.
    func appendUTF8(of range: Range<Int>, to bytes: inout [UInt8]) {
        for value in values[range] { CodePoints.appendUTF8(of: value, to: &bytes) }
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
}

/// Bytes of the UTF-8 sequence that starts with `byte`; one for bytes that start none.
func sequenceLength(startingWith byte: UInt8) -> Int {
    switch byte {
    case 0xf0...: 4
    case 0xe0...: 3
    case 0xc0...: 2
    default: 1
    }
}
