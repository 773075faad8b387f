extension Tokenizer {
    /// The bytes of a token. They may be part of a character; use `TextStream` to get text token by token.
    /// - Parameter renderSpecial: whether control and unknown tokens give their text; otherwise they give no bytes.
    /// - Returns: no bytes for an id outside the vocabulary.
    public func piece(of id: Int32, renderSpecial: Bool = false) -> [UInt8] {
        guard id >= 0, Int(id) < tokenCount else { return [] }
        let kind = attributes[Int(id)]
        let text = vocabulary.tokens[Int(id)]
        if !kind.isDisjoint(with: [.control, .unknown]) { return renderSpecial ? Array(text.utf8) : [] }
        if kind.contains(.userDefined) { return Array(text.utf8) }
        if kind.contains(.byte) { return Self.byte(named: text).map { [$0] } ?? [] }
        guard kind.contains(.normal) else { return [] }
        switch vocabulary.kind {
        case .sentencePiece, .unigram, .characterPairs, .wordPiece: return Self.unescaped(Array(text.utf8))
        // A token outside the byte alphabet was added as plain text.
        case .byteLevelBPE: return ByteAlphabet.read(text) ?? Array(text.utf8)
        }
    }

    /// The text of `ids`, without the space that encoding adds at the start. Bytes that form no character become
    /// U+FFFD.
    public func decode(_ ids: some Sequence<Int32>, renderSpecial: Bool = false) -> String {
        var bytes: [UInt8] = []
        for (index, id) in ids.enumerated() {
            let piece = piece(of: id, renderSpecial: renderSpecial)
            let dropsSpace = index == 0 && vocabulary.addsSpacePrefix && piece.first == 0x20
            bytes += dropsSpace ? piece.dropFirst() : piece[...]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The byte of a token named like "<0x0A>".
    private static func byte(named text: String) -> UInt8? {
        guard text.utf8.count == 6, text.hasPrefix("<0x"), text.hasSuffix(">") else { return nil }
        return UInt8(text.dropFirst(3).dropLast(), radix: 16)
    }

    private static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.first {
            if rest.starts(with: WordCuts.spaceMark) {
                result.append(0x20)
                rest = rest.dropFirst(WordCuts.spaceMark.count)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}

/// Decodes text token by token; a character may need several tokens.
public struct TextStream: Sendable {
    private let tokenizer: Tokenizer
    private let renderSpecial: Bool
    private var pending: [UInt8] = []

    /// Creates an empty stream.
    /// - Parameter renderSpecial: whether control tokens become text too.
    public init(_ tokenizer: Tokenizer, renderSpecial: Bool = false) {
        self.tokenizer = tokenizer
        self.renderSpecial = renderSpecial
    }

    /// The characters that `id` completes; empty while one is incomplete.
    public mutating func append(_ id: Int32) -> String {
        pending += tokenizer.piece(of: id, renderSpecial: renderSpecial)
        let complete = pending.count - unfinishedByteCount
        defer { pending.removeFirst(complete) }
        return String(decoding: pending[..<complete], as: UTF8.self)
    }

    /// The remaining text; an incomplete character becomes U+FFFD.
    public mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// The number of bytes at the end that start an incomplete character.
    private var unfinishedByteCount: Int {
        for back in 1...3 where back <= pending.count {
            let byte = pending[pending.count - back]
            if byte & 0xc0 == 0x80 { continue }
            return sequenceLength(startingWith: byte) > back ? back : 0
        }
        return 0
    }
}
