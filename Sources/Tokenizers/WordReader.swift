/// Reads code points of one piece of text; past its end there is no character of any class.
struct WordReader {
    let text: CodePoints
    let range: Range<Int>

    func value(at position: Int) -> UInt32 {
        position < range.upperBound ? text.values[position] : .max
    }

    func classes(at position: Int) -> CharacterClass {
        position < range.upperBound ? text.classes[position] : []
    }

    func has(_ wanted: CharacterClass, at position: Int) -> Bool {
        !classes(at: position).isDisjoint(with: wanted)
    }

    /// Pieces that follow each other without gaps.
    func repeatedly(_ ends: inout [Int], _ end: (Int) -> Int) {
        var position = range.lowerBound
        while position < range.upperBound {
            position = max(end(position), position + 1)
            ends.append(position)
        }
    }

    /// Pieces wherever `match` finds something (an end past its start), and the text between them.
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

    /// The end of the characters from `start` on that `belongs` accepts, at most `limit` of them.
    func endOfRun(at start: Int, limit: Int, _ belongs: (Int) -> Bool) -> Int {
        var position = start
        while position < range.upperBound, position - start < limit, belongs(position) { position += 1 }
        return position
    }

    func endOfGPT2Word(at start: Int) -> Int {
        if let end = endOfContraction(at: start, ignoringCase: false) { return end }
        // One space may belong to the word that follows it.
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
        if has(.number, at: start) {
            return endOfRun(at: start, limit: digits) { has(.number, at: $0) }
        }
        let body = value(at: start) == 0x20 ? start + 1 : start
        if isOther(at: body, letters: letters) {
            let end = endOfRun(at: body, limit: .max) { isOther(at: $0, letters: letters) }
            return endOfRun(at: end, limit: .max) { isNewline(at: $0) }
        }
        return endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    /// `'s`, `'t`, `'m`, `'d`, `'re`, `'ve`, `'ll`.
    private func endOfContraction(at start: Int, ignoringCase: Bool) -> Int? {
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
    private func endOfWhiteSpace(at start: Int, newlinesEndPieces: Bool) -> Int {
        let end = endOfRun(at: start, limit: .max) { has(.whiteSpace, at: $0) }
        if newlinesEndPieces, let last = (start..<end).last(where: { isNewline(at: $0) }) { return last + 1 }
        // The last space before a word belongs to the word.
        return end - start > 1 && end < range.upperBound ? end - 1 : end
    }

    private func isNewline(at position: Int) -> Bool {
        let value = value(at: position)
        return value == 0x0a || value == 0x0d
    }

    /// Neither white space nor letter nor number, and not past the end.
    private func isOther(at position: Int, letters: CharacterClass) -> Bool {
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
