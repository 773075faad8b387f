/// Cuts a text at the special tokens written out in it.
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
    /// Longest first, so that no token hides inside a longer one.
    private let entries: [Entry]
    /// For each pair of bytes, whether some token starts with it.
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

    /// The pairs of bytes with which a text may start that starts with `token`.
    private static func firstPairs(of token: [UInt8]) -> Range<Int> {
        let first = Int(token[0]) << 8
        guard token.count > 1 else { return first..<(first + 256) }
        return (first | Int(token[1]))..<((first | Int(token[1])) + 1)
    }

    /// - Parameter parseSpecial: whether control and unknown tokens count too; user-defined ones always do.
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
            // Only the tokens of one byte have places from several pairs.
            fragments = split(fragments, of: bytes, at: matches.sorted(), of: entry)
        }
        return fragments
    }

    /// Where a token may start, by the two bytes that stand there.
    private func starts(in bytes: UnsafeBufferPointer<UInt8>) -> [Int: [Int]] {
        var starts: [Int: [Int]] = [:]
        for index in bytes.indices {
            // After the last byte stands nothing; as a pair with zero it is looked at more closely later.
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

    /// White space of the C locale.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
