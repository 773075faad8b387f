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
    /// The same without contractions.
    case plainWords
    /// The same with contractions and single digits, where symbols end before newlines.
    case narrowWords
    /// Llama 3's, where white space falls into runs of 512, 256 and so on.
    case cascadingWords
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`
    case spacedWords
    /// `[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`; without
    /// `newlineTails`, a newline is a piece of its own.
    case markedWords(newlineTails: Bool)
    /// `P?[\p{L}\p{M}]+C?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`, with P and C as in `casedWords`.
    case caselessWords(digits: Int)
    /// Kimi K2's: Chinese characters, then `words` with contractions behind letters.
    case kimi
    /// `P?U*L+C?|P?U+L*C?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`, where P is `[^\r\n\p{L}\p{N}]`,
    /// U an upper-case and L a lower-case letter, and C `(?i:'s|'t|'re|'ve|'m|'ll|'d)` if there are `contractions`.
    ///
    /// As in llama.cpp, only letters of ASCII have a case; all others are of both. Combining marks are no letters.
    case casedWords(digits: Int, contractions: Bool, marksAreLetters: Bool = false)
    /// `\p{N}{1,limit}`, each match a piece.
    case numbers(limit: Int)
    /// `[0-9][0-9][0-9]`, each match a piece.
    case digitTriples
    /// `[\p{P}\$\+<=>\^~\|]+`, and the backtick if `backtick`.
    case punctuation(backtick: Bool)
    /// `[^\n]+|[\n]+`
    case lines
    /// Each of the set's code points a piece.
    case singles(CodePointSet)
    /// Runs of a set's code points, with one white space in front if `afterSpace`; the first set that fits counts.
    case runs([CodePointSet], afterSpace: Bool)
    /// `[\r\n]`, each a piece.
    case newlines
    /// `\s+$`
    case endingSpace
    /// ` ?[^(\s|.,!?…。，、।۔،)]+`
    case unpunctuated
    /// Runs of numbers in threes, counted from their end; what lies before a run goes with its first piece.
    case numbersFromEnd
    /// `(?=(\d{3})+(?!\d))`: cuts before every third digit, counted from the end of a run.
    case cutsFromEnd
    /// Chameleon's own: `<sentinel:[0-9]+>`, `IMGIMG[A-I]{1,4}Z`, and then `[\t\n]|    |  `.
    case sentinels, images, indents

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
        case .casedWords(let digits, let contractions, let marks):
            let letters: CharacterClass = marks ? [.letter, .mark] : .letter
            reader.repeatedly(&ends) {
                reader.endOfCasedWord(at: $0, digits: digits, contractions: contractions, letters: letters)
            }
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
        default:
            splitOtherwise(reader, into: &ends)
        }
    }
}
