/// Splits a text at the special tokens written in it.
struct SpecialTokenSplitter: Sendable {
    enum Fragment: Equatable {
        case text(Range<Int>)
        case token(Int32)
    }

    private struct Entry {
        let id: Int32
        let text: [UInt8]
        let attributes: TokenAttributes
    }
    /// The tokens, longest first, so that a token inside a longer one is not found.
    private let entries: [Entry]
    /// Whether some token starts with each pair of bytes.
    private let startsToken: [Bool]

    init(tokens: [String], attributes: [TokenAttributes]) {
        entries = tokens.indices
            .filter { !attributes[$0].isDisjoint(with: [.control, .userDefined, .unknown]) }
            .map { Entry(id: Int32($0), text: Array(tokens[$0].utf8), attributes: attributes[$0]) }
            .sorted { ($1.text.count, $0.id) < ($0.text.count, $1.id) }
        var startsToken = Array(repeating: false, count: 1 << 16)
        for pair in entries.flatMap({ Self.firstPairs(of: $0.text) }) { startsToken[pair] = true }
        self.startsToken = startsToken
    }

    /// The pairs of bytes that can start a text that begins with `token`.
    private static func firstPairs(of token: [UInt8]) -> Range<Int> {
        let first = Int(token[0]) << 8
        guard token.count > 1 else { return first..<(first + 256) }
        return (first | Int(token[1]))..<((first | Int(token[1])) + 1)
    }

    /// - Parameter parseSpecial: whether to find control and unknown tokens too; user-defined ones are always found.
    func split(_ bytes: UnsafeBufferPointer<UInt8>, parseSpecial: Bool) -> [Fragment] {
        guard !bytes.isEmpty else { return [] }
        var fragments = [Fragment.text(0..<bytes.count)]
        let starts = starts(in: bytes)
        if starts.isEmpty { return fragments }
        for entry in entries {
            if !parseSpecial, !entry.attributes.isDisjoint(with: [.control, .unknown]) { continue }
            let places = Self.firstPairs(of: entry.text).flatMap { starts[$0] ?? [] }
            let matches = places.filter { bytes[$0...].starts(with: entry.text) }
            guard !matches.isEmpty else { continue }
            // Only one-byte tokens have positions from several pairs.
            fragments = split(fragments, of: bytes, at: matches.sorted(), of: entry)
        }
        return fragments
    }

    /// The positions where a token may start, by the two bytes there.
    private func starts(in bytes: UnsafeBufferPointer<UInt8>) -> [Int: [Int]] {
        var starts: [Int: [Int]] = [:]
        for index in bytes.indices {
            // The last byte is paired with zero; such a match is verified later.
            let pair = Int(bytes[index]) << 8 | (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
            if startsToken[pair] { starts[pair, default: []].append(index) }
        }
        return starts
    }

    private func split(
        _ fragments: [Fragment],
        of bytes: UnsafeBufferPointer<UInt8>,
        at matches: [Int],
        of entry: Entry
    ) -> [Fragment] {
        var matches = matches[...]
        var result: [Fragment] = []
        for fragment in fragments {
            guard case .text(let range) = fragment else {
                result.append(fragment)
                continue
            }
            var start = range.lowerBound
            while let match = matches.first, match + entry.text.count <= range.upperBound {
                matches.removeFirst()
                guard match >= start else { continue }
                var end = match
                if entry.attributes.contains(.stripsLeft) {
                    while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
                }
                if end > start { result.append(.text(start..<end)) }
                result.append(.token(entry.id))
                start = match + entry.text.count
                guard entry.attributes.contains(.stripsRight) else { continue }
                while start < range.upperBound, Self.isSpace(bytes[start]) { start += 1 }
            }
            if start < range.upperBound { result.append(.text(start..<range.upperBound)) }
        }
        return result
    }

    /// Whether a byte is white space in the C locale.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
