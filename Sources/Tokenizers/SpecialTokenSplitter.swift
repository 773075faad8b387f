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

    init(tokens: [String], attributes: [TokenAttributes]) {
        entries = tokens.indices
            .filter { !attributes[$0].isDisjoint(with: [.control, .userDefined, .unknown]) }
            .map { Entry(id: Int32($0), text: Array(tokens[$0].utf8), attributes: attributes[$0]) }
            .sorted { ($1.text.count, $0.id) < ($0.text.count, $1.id) }
    }

    /// - Parameter parseSpecial: whether control and unknown tokens count too; user-defined ones always do.
    func split(_ bytes: UnsafeBufferPointer<UInt8>, parseSpecial: Bool) -> [Fragment] {
        guard !bytes.isEmpty else { return [] }
        var fragments = [Fragment.text(0..<bytes.count)]
        let pairs = BytePairs(of: bytes)
        for entry in entries {
            if !parseSpecial, !entry.attributes.isDisjoint(with: [.control, .unknown]) { continue }
            guard pairs.mayContain(entry.text) else { continue }
            fragments = fragments.flatMap { fragment in
                guard case .text(let range) = fragment else { return [fragment] }
                return split(bytes, range, at: entry)
            }
        }
        return fragments
    }

    private func split(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, at entry: Entry) -> [Fragment] {
        var fragments: [Fragment] = []
        var start = range.lowerBound
        while let match = find(entry.text, in: bytes, start..<range.upperBound) {
            if match > start { fragments.append(.text(start..<match)) }
            fragments.append(.token(entry.id))
            start = match + entry.text.count
            guard entry.attributes.contains(.stripsRight) else { continue }
            while start < range.upperBound, Self.isSpace(bytes[start]) { start += 1 }
        }
        if start < range.upperBound { fragments.append(.text(start..<range.upperBound)) }
        return fragments
    }

    private func find(_ wanted: [UInt8], in bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int? {
        guard let first = wanted.first, wanted.count <= range.count else { return nil }
        for start in range.lowerBound...(range.upperBound - wanted.count) where bytes[start] == first {
            if bytes[start..<(start + wanted.count)].elementsEqual(wanted) { return start }
        }
        return nil
    }

    /// White space of the C locale.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}

/// Which pairs of neighbouring bytes occur in a text: rules most special tokens out without searching for them.
private struct BytePairs {
    private var isPresent: [Bool]

    init(of bytes: UnsafeBufferPointer<UInt8>) {
        isPresent = Array(repeating: false, count: 1 << 16)
        for (first, second) in zip(bytes, bytes.dropFirst()) { isPresent[Int(first) << 8 | Int(second)] = true }
    }

    func mayContain(_ text: [UInt8]) -> Bool {
        zip(text, text.dropFirst()).allSatisfy { isPresent[Int($0) << 8 | Int($1)] }
    }
}
