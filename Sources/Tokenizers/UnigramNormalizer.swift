/// Normalizes a text for a Unigram vocabulary: replaces characters by a map, and marks spaces.
///
/// The order is llama.cpp's, including its treatment of text that starts like a user-defined token.
struct UnigramNormalizer: Sendable {
    private let map: CharacterMap?
    private let userDefined: TokenTrie
    private let addsSpacePrefix: Bool
    private let removesExtraSpaces: Bool

    /// - Throws: `TokenizerError.malformedCharacterMap`.
    init(_ vocabulary: Vocabulary, userDefined: [String]) throws(TokenizerError) {
        map = vocabulary.characterMap.isEmpty ? nil : try CharacterMap(vocabulary.characterMap)
        var trie = TokenTrie()
        for (index, text) in userDefined.enumerated() { trie.insert(text.utf8, token: Int32(index)) }
        self.userDefined = trie
        addsSpacePrefix = vocabulary.addsSpacePrefix
        removesExtraSpaces = vocabulary.removesExtraSpaces
    }

    func normalize(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        var hasPrefix = false
        var isInWord = false
        func append(_ piece: some Sequence<UInt8>) {
            for byte in piece {
                if byte == 0x20 {
                    isInWord = false
                    if !removesExtraSpaces { output += WordCuts.spaceMark }
                    continue
                }
                if !isInWord, removesExtraSpaces || (addsSpacePrefix && !hasPrefix) {
                    output += WordCuts.spaceMark
                    hasPrefix = true
                }
                isInWord = true
                output.append(byte)
            }
        }
        var offset = 0
        while offset < bytes.count {
            let kept = lengthLikeUserDefined(bytes, at: offset)
            if kept > 0 {
                append(bytes[offset..<(offset + kept)])
                offset += kept
            } else if let match = map?.longestMatch(in: bytes, at: offset) {
                append(match.replacement)
                offset += match.length
            } else if let (_, length) = CodePoints.sequence(bytes, at: offset) {
                append(bytes[offset..<(offset + length)])
                offset += length
            } else {
                append([0xef, 0xbf, 0xbd])
                offset += 1
            }
        }
    }

    /// The number of bytes that form the beginning of a user-defined token; they are kept unchanged, even if the token
    /// is incomplete.
    private func lengthLikeUserDefined(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Int {
        var (node, end) = (Int32(0), start)
        while end < bytes.count, let child = userDefined.child(of: node, bytes[end]) { (node, end) = (child, end + 1) }
        return end - start
    }
}

/// SentencePiece's `precompiled_charsmap`, which maps sequences of characters to replacements.
///
/// It consists of the size of a double array in bytes, the double array (Kanda, "Space- and Time-Efficient String
/// Dictionaries", 2018) of 32-bit units, and the replacements, each terminated by a zero.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let replacements: ArraySlice<UInt8>

    /// - Throws: `TokenizerError.malformedCharacterMap`.
    init(_ bytes: [UInt8]) throws(TokenizerError) {
        func unit(_ offset: Int) -> UInt32 {
            bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard bytes.count >= 4, case let size = Int(unit(0)), size % 4 == 0, size >= 4, size < bytes.count - 4,
            bytes.last == 0
        else { throw .malformedCharacterMap }
        units = stride(from: 4, to: 4 + size, by: 4).map(unit)
        replacements = bytes[(4 + size)...]
    }

    /// The longest sequence at `start` that has a replacement, and the replacement.
    func longestMatch(
        in bytes: UnsafeBufferPointer<UInt8>,
        at start: Int
    ) -> (length: Int, replacement: ArraySlice<UInt8>)? {
        var found: (length: Int, value: Int)?
        var node = Self.base(units[0])
        for offset in start..<bytes.count {
            let byte = UInt32(bytes[offset])
            node ^= byte
            guard byte != 0, node < units.count, case let unit = units[Int(node)], unit & 0x8000_00ff == byte else {
                break
            }
            node ^= Self.base(unit)
            // The base of a sequence's last unit leads to a unit with the position of the replacement.
            guard unit >> 8 & 1 == 1 else { continue }
            guard node < units.count else { break }
            found = (offset - start + 1, Int(units[Int(node)] & 0x7fff_ffff))
        }
        guard let found, found.value < replacements.count else { return nil }
        let rest = replacements[(replacements.startIndex + found.value)...]
        return (found.length, rest.prefix { $0 != 0 })
    }

    private static func base(_ unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & (1 << 9)) >> 6) }
}
