/// Reads code points of one piece of text; a position past its end has no character class.
struct WordReader {
    let values: UnsafeBufferPointer<UInt32>
    let classes: UnsafeBufferPointer<CharacterClass>
    let range: Range<Int>

    func value(at position: Int) -> UInt32 {
        position < range.upperBound ? values[position] : .max
    }

    func classes(at position: Int) -> CharacterClass {
        position < range.upperBound ? classes[position] : []
    }

    func has(_ wanted: CharacterClass, at position: Int) -> Bool {
        !classes(at: position).isDisjoint(with: wanted)
    }

    /// Appends the ends of pieces that follow each other without gaps.
    func repeatedly(_ ends: inout [Int], _ end: (Int) -> Int) {
        var position = range.lowerBound
        while position < range.upperBound {
            position = max(end(position), position + 1)
            ends.append(position)
        }
    }

    /// Appends the ends of pieces wherever `match` succeeds (returns an end past its start), and of the text between
    /// them.
    func isolating(_ ends: inout [Int], _ match: (Int) -> Int) {
        var position = range.lowerBound
        var start = position
        while position < range.upperBound {
            let end = match(position)
            if end == position {
                position += 1
                continue
            }
            if position > start { ends.append(position) }
            ends.append(end)
            position = end
            start = end
        }
        if start < range.upperBound { ends.append(range.upperBound) }
    }

    /// The end of the run of characters from `start` that `belongs` accepts, at most `limit` of them.
    func endOfRun(at start: Int, limit: Int, _ belongs: (Int) -> Bool) -> Int {
        var position = start
        while position < range.upperBound, position - start < limit, belongs(position) { position += 1 }
        return position
    }

    func endOfGPT2Word(at start: Int) -> Int {
        if let end = endOfContraction(at: start, ignoringCase: false) { return end }
        // One space may belong to the following word.
        let body = value(at: start) == 0x20 ? start + 1 : start
        for kind in [CharacterClass.letter, .number] where has(kind, at: body) {
            return endOfRun(at: body, limit: .max) { has(kind, at: $0) }
        }
        if isOther(at: body, letters: .letter) {
            return endOfRun(at: body, limit: .max) { isOther(at: $0, letters: .letter) }
        }
        return endOfWhiteSpace(at: start, newlinesEndPieces: false)
    }

    func endOfWord(at start: Int, letters: CharacterClass, digits: Int) -> Int {
        if let end = endOfContraction(at: start, ignoringCase: true) { return end }
        if !isNewline(at: start), !has(.number, at: start), has(letters, at: start) || has(letters, at: start + 1) {
            return endOfRun(at: start + 1, limit: .max) { has(letters, at: $0) }
        }
        return endOfNumber(at: start, digits: digits)
            ?? endOfSymbols(at: start, letters: letters) { isNewline(at: $0) }
            ?? endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    func endOfCasedWord(at start: Int, digits: Int, contractions: Bool, letters: CharacterClass) -> Int {
        if let end = endOfCasedLetters(at: start, letters) {
            return contractions ? endOfContraction(at: end, ignoringCase: true) ?? end : end
        }
        return endOfNumber(at: start, digits: digits)
            ?? endOfSymbols(at: start, letters: .letter) { isNewline(at: $0) || value(at: $0) == 0x2f }
            ?? endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    /// `P?U*L+|P?U+L*`, see `WordSplitRule.casedWords`.
    private func endOfCasedLetters(at start: Int, _ letters: CharacterClass) -> Int? {
        // A mark may match P or be a letter; P is tried first.
        let isBare = has([.letter, .number], at: start) || isNewline(at: start)
        let firsts = (isBare ? [] : [start + 1]) + (has(letters, at: start) ? [start] : [])
        func uppers(_ first: Int) -> Int {
            endOfRun(at: first, limit: .max) { isLetter(at: $0, letters, except: 0x61...0x7a) }
        }
        for first in firsts {
            let upper = uppers(first)
            let lower = endOfRun(at: upper, limit: .max) { isLetter(at: $0, letters, except: 0x41...0x5a) }
            if lower > upper { return lower }
            // The last caseless letter of the run may serve as the lowercase one.
            if let last = (first..<upper).last(where: { isLetter(at: $0, letters, except: 0x41...0x5a) }) {
                return last + 1
            }
        }
        // Otherwise all are uppercase.
        return firsts.lazy.map { (first: $0, upper: uppers($0)) }.first { $0.upper > $0.first }?.upper
    }

    private func isLetter(at position: Int, _ letters: CharacterClass, except others: ClosedRange<UInt32>) -> Bool {
        has(letters, at: position) && !others.contains(value(at: position))
    }

    func endOfNumber(at start: Int, digits: Int) -> Int? {
        has(.number, at: start) ? endOfRun(at: start, limit: digits) { has(.number, at: $0) } : nil
    }

    /// ` ?[^\s\p{L}\p{N}]+` followed by what `tail` accepts.
    func endOfSymbols(at start: Int, letters: CharacterClass, tail: (Int) -> Bool) -> Int? {
        let body = value(at: start) == 0x20 ? start + 1 : start
        guard isOther(at: body, letters: letters) else { return nil }
        return endOfRun(at: endOfRun(at: body, limit: .max) { isOther(at: $0, letters: letters) }, limit: .max, tail)
    }

    /// `'s`, `'t`, `'m`, `'d`, `'re`, `'ve`, `'ll`.
    func endOfContraction(at start: Int, ignoringCase: Bool) -> Int? {
        guard value(at: start) == 0x27 else { return nil }
        func letter(_ position: Int) -> Character? {
            let value = value(at: position)
            guard value < 0x80 else { return nil }
            let isUpper = (0x41...0x5a).contains(value)
            return Character(Unicode.Scalar(UInt8(ignoringCase && isUpper ? value + 0x20 : value)))
        }
        switch (letter(start + 1), letter(start + 2)) {
        case ("s", _), ("t", _), ("m", _), ("d", _): return start + 2
        case ("r", "e"), ("v", "e"), ("l", "l"): return start + 3
        default: return nil
        }
    }

    /// `\s*[\r\n]+` if newlines end pieces, then `\s+(?!\S)`, then `\s+`.
    func endOfWhiteSpace(at start: Int, newlinesEndPieces: Bool) -> Int {
        let end = endOfRun(at: start, limit: .max) { has(.whiteSpace, at: $0) }
        if newlinesEndPieces, let last = (start..<end).last(where: { isNewline(at: $0) }) { return last + 1 }
        // The last space before a word belongs to the word.
        return end - start > 1 && end < range.upperBound ? end - 1 : end
    }

    func isNewline(at position: Int) -> Bool {
        let value = value(at: position)
        return value == 0x0a || value == 0x0d
    }

    /// Whether there is a character that is neither white space, letter nor number.
    func isOther(at position: Int, letters: CharacterClass) -> Bool {
        position < range.upperBound && !has([.whiteSpace, .number, letters], at: position)
    }

    func isSplittingPunctuation(at position: Int, backtick: Bool) -> Bool {
        switch value(at: position) {
        case 0x24, 0x2b, 0x3c, 0x3d, 0x3e, 0x5e, 0x7e, 0x7c: true  // $ + < = > ^ ~ |
        case 0x60: backtick
        default: has(.punctuation, at: position)
        }
    }
}
