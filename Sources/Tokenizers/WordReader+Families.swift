/// Implements the cases of `WordSplitRule` that split words for only a few model families.
extension WordReader {
    func has(_ set: CodePointSet, at position: Int) -> Bool {
        position < range.upperBound && set.contains(values[position], classes[position])
    }

    /// `[^\r\n\p{L}\p{N}]?X+` with X for letters; nil for no match.
    private func endOfLetters(at start: Int, _ letters: CharacterClass) -> Int? {
        let mayLead = start < range.upperBound && !has([.letter, .number], at: start) && !isNewline(at: start)
        guard mayLead && has(letters, at: start + 1) || has(letters, at: start) else { return nil }
        return endOfRun(at: start + 1, limit: .max) { has(letters, at: $0) }
    }

    func endOfPlainWord(at start: Int) -> Int {
        endOfLetters(at: start, .letter) ?? endOfNumber(at: start, digits: 1)
            ?? endOfSymbols(at: start, letters: .letter) { isNewline(at: $0) }
            ?? endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    func endOfNarrowWord(at start: Int) -> Int {
        endOfContraction(at: start, ignoringCase: true) ?? endOfLetters(at: start, .letter)
            ?? endOfNumber(at: start, digits: 1) ?? endOfSymbols(at: start, letters: .letter) { _ in false }
            ?? endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    func endOfCaselessWord(at start: Int, digits: Int) -> Int {
        if let end = endOfLetters(at: start, [.letter, .mark]) {
            return endOfContraction(at: end, ignoringCase: true) ?? end
        }
        return endOfNumber(at: start, digits: digits)
            ?? endOfSymbols(at: start, letters: .letter) { isNewline(at: $0) || value(at: $0) == 0x2f }
            ?? endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    // MARK: Jais 2

    func endOfCascadingWord(at start: Int) -> Int {
        endOfContraction(at: start, ignoringCase: true) ?? endOfLetters(at: start, .letter)
            ?? endOfNumber(at: start, digits: 3)
            ?? endOfSymbols(at: start, letters: .letter) { isNewline(at: $0) }
            ?? endOfCascade(at: start)
    }

    private func endOfCascade(at start: Int) -> Int {
        let end = endOfRun(at: start, limit: .max) { has(.whiteSpace, at: $0) }
        if let last = (start..<end).last(where: { isNewline(at: $0) }) { return last + 1 }
        // The last space before a word is a separate piece.
        let most = end == range.upperBound ? end - start : end - start - 1
        let sizes = [512, 256, 128, 64, 32, 16, 8, 4, 2]
        return start + (sizes.first { $0 <= most } ?? 1)
    }

    // MARK: EXAONE

    func endOfSpacedWord(at start: Int) -> Int {
        if let end = endOfContraction(at: start, ignoringCase: true) ?? endOfSpacedLetters(at: start) { return end }
        if let end = endOfNumber(at: start, digits: 1) { return end }
        if let end = endOfSymbols(at: start, letters: .letter, tail: { _ in false }) {
            return isNewline(at: end) ? end + 1 : end
        }
        return endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    private func endOfSpacedLetters(at start: Int) -> Int? {
        let mayLead = start < range.upperBound && !has([.letter, .number], at: start) && !isNewline(at: start)
        var position = start
        if mayLead, has(.letter, at: start + 1) { position = start + 1 }
        guard has(.letter, at: position) else { return nil }
        while true {
            if has([.letter], at: position) {
                position = endOfRun(at: position + 1, limit: .max) { has(.mark, at: $0) }
            } else if value(at: position) == 0x20, has(.letter, at: position + 1) {
                position += 1
            } else {
                return position
            }
        }
    }

    // MARK: DeepSeek-V3

    func endOfMarkedWord(at start: Int, newlineTails: Bool) -> Int {
        if isMarkOfASCII(value(at: start)) {
            let end = endOfRun(at: start + 1, limit: .max) { isLetterOfASCII(value(at: $0)) }
            if end > start + 1 { return end }
        }
        let letters: CharacterClass = [.letter, .mark]
        let mayLead = !has([.letter, .punctuation, .symbol], at: start) && !isNewline(at: start)
        if mayLead && has(letters, at: start + 1) || has(letters, at: start) {
            return endOfRun(at: start + 1, limit: .max) { has(letters, at: $0) }
        }
        let symbols: CharacterClass = [.punctuation, .symbol]
        let body = value(at: start) == 0x20 ? start + 1 : start
        if has(symbols, at: body) {
            let end = endOfRun(at: body, limit: .max) { has(symbols, at: $0) }
            return newlineTails ? endOfRun(at: end, limit: .max) { isNewline(at: $0) } : end
        }
        guard has(.whiteSpace, at: start) else { return start }
        if !newlineTails, isNewline(at: start) { return start + 1 }
        return endOfWhiteSpace(at: start, newlinesEndPieces: newlineTails)
    }

    private func isMarkOfASCII(_ value: UInt32) -> Bool {
        (0x21...0x7e).contains(value) && !isLetterOfASCII(value) && !(0x30...0x39).contains(value)
    }

    private func isLetterOfASCII(_ value: UInt32) -> Bool {
        (0x41...0x5a).contains(value) || (0x61...0x7a).contains(value)
    }

    // MARK: Kimi K2

    func endOfKimiWord(at start: Int) -> Int {
        let han = endOfRun(at: start, limit: .max) { isHan(value(at: $0)) }
        if han > start { return han }
        func isLetter(_ position: Int) -> Bool { has(.letter, at: position) && !isHan(value(at: position)) }
        let mayLead = !has([.letter, .number], at: start) && !isNewline(at: start)
        if isLetter(start) || mayLead && isLetter(start + 1) {
            let end = endOfRun(at: start + 1, limit: .max, isLetter)
            return endOfContraction(at: end, ignoringCase: true) ?? end
        }
        return endOfNumber(at: start, digits: 3)
            ?? endOfSymbols(at: start, letters: .letter) { isNewline(at: $0) }
            ?? endOfWhiteSpace(at: start, newlinesEndPieces: true)
    }

    private func isHan(_ value: UInt32) -> Bool {
        switch value {
        case 0x3400...0x4dbf, 0x4e00...0x9fff, 0xf900...0xfaff, 0x20000...0x2a6df, 0x2a700...0x2ebef, 0x2f800...0x2fa1f:
            true
        default: false
        }
    }
}
