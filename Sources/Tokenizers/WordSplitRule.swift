/// One pass of a pre-tokenizer: cuts each piece of a text into smaller pieces, inside which byte pairs then merge.
///
/// Each case is a regular expression of the model family's tokenizer, written out by hand: no regex engine is needed and
/// none can backtrack for long on hostile text.
enum WordSplitRule: Sendable, Equatable {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    case gpt2
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    /// where combining marks count as letters if `marksAreLetters`.
    case words(digits: Int, marksAreLetters: Bool)
    /// `P?U*L+C?|P?U+L*C?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`, where P is `[^\r\n\p{L}\p{N}]`,
    /// U an upper-case and L a lower-case letter, and C `(?i:'s|'t|'re|'ve|'m|'ll|'d)` if there are `contractions`.
    ///
    /// As in llama.cpp, only letters of ASCII have a case; all others are of both. Combining marks are no letters.
    case casedWords(digits: Int, contractions: Bool)
    /// `\p{N}{1,limit}`, each match a piece.
    case numbers(limit: Int)
    /// `[0-9][0-9][0-9]`, each match a piece.
    case digitTriples
    /// `[\p{P}\$\+<=>\^~\|]+`, and the backtick if `backtick`.
    case punctuation(backtick: Bool)
    /// `[^\n]+|[\n]+`
    case lines

    /// The ends of the pieces into which `range` falls, in order; the last is the range's own end.
    func split(_ text: CodePoints, _ range: Range<Int>, into ends: inout [Int]) {
        text.values.withUnsafeBufferPointer { values in
            text.classes.withUnsafeBufferPointer { classes in
                split(WordReader(values: values, classes: classes, range: range), into: &ends)
            }
        }
    }

    private func split(_ reader: WordReader, into ends: inout [Int]) {
        switch self {
        case .gpt2:
            reader.repeatedly(&ends) { reader.endOfGPT2Word(at: $0) }
        case .words(let digits, let marksAreLetters):
            let letters: CharacterClass = marksAreLetters ? [.letter, .mark] : .letter
            reader.repeatedly(&ends) { reader.endOfWord(at: $0, letters: letters, digits: digits) }
        case .casedWords(let digits, let contractions):
            reader.repeatedly(&ends) { reader.endOfCasedWord(at: $0, digits: digits, contractions: contractions) }
        case .numbers(let limit):
            reader.isolating(&ends) { reader.endOfRun(at: $0, limit: limit) { reader.has(.number, at: $0) } }
        case .digitTriples:
            reader.isolating(&ends) { start in
                let end = reader.endOfRun(at: start, limit: 3) { (0x30...0x39).contains(reader.value(at: $0)) }
                return end == start + 3 ? end : start
            }
        case .punctuation(let backtick):
            reader.isolating(&ends) {
                reader.endOfRun(at: $0, limit: .max) { reader.isSplittingPunctuation(at: $0, backtick: backtick) }
            }
        case .lines:
            reader.repeatedly(&ends) { start in
                let isNewline = reader.value(at: start) == 0x0a
                return reader.endOfRun(at: start, limit: .max) { (reader.value(at: $0) == 0x0a) == isNewline }
            }
        }
    }
}
