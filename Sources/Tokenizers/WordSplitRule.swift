/// One pass of a pre-tokenizer: splits each piece of a text into smaller pieces, within which byte pairs then merge.
///
/// Each case is a regular expression of a model family's tokenizer, implemented by hand: no regex engine is needed, and
/// hostile text cannot cause long backtracking.
enum WordSplitRule: Sendable, Equatable {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    case gpt2
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
    /// where combining marks count as letters if `marksAreLetters`.
    case words(digits: Int, marksAreLetters: Bool)
    /// `words` with single digits and without contractions.
    case plainWords
    /// `words` with single digits, where a run of symbols does not include the newlines after it.
    case narrowWords
    /// Llama 3's rule, where white space is split into runs of 512, 256 and so on.
    case cascadingWords
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`
    case spacedWords
    /// `[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`; without
    /// `newlineTails`, a newline is a piece of its own.
    case markedWords(newlineTails: Bool)
    /// `P?[\p{L}\p{M}]+C?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`, with P and C as in `casedWords`.
    case caselessWords(digits: Int)
    /// Kimi K2's rule: Chinese characters, then `words` with contractions after letters.
    case kimi
    /// `P?U*L+C?|P?U+L*C?|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`, where P is `[^\r\n\p{L}\p{N}]`,
    /// U an upper-case and L a lower-case letter, and C `(?i:'s|'t|'re|'ve|'m|'ll|'d)` if there are `contractions`.
    ///
    /// As in llama.cpp, only ASCII letters have a case; all other letters match both. Combining marks are not letters.
    case casedWords(digits: Int, contractions: Bool, marksAreLetters: Bool = false)
    /// `\p{N}{1,limit}`, each match as a piece.
    case numbers(limit: Int)
    /// `[0-9][0-9][0-9]`, each match as a piece.
    case digitTriples
    /// `[\p{P}\$\+<=>\^~\|]+`, and the backtick if `backtick` is true.
    case punctuation(backtick: Bool)
    /// `[^\n]+|[\n]+`
    case lines
    /// Each code point of the set as a piece.
    case singles(CodePointSet)
    /// Runs of a set's code points, preceded by one white space if `afterSpace` is true; the first matching set is
    /// used.
    case runs([CodePointSet], afterSpace: Bool)
    /// `[\r\n]`, each as a piece.
    case newlines
    /// `\s+$`
    case endingSpace
    /// ` ?[^(\s|.,!?…。，、।۔،)]+`
    case unpunctuated
    /// Runs of numbers in groups of three, counted from their end; the text before a run belongs to its first piece.
    case numbersFromEnd
    /// `(?=(\d{3})+(?!\d))`: cuts before every third digit, counted from the end of a run.
    case cutsFromEnd
    /// Chameleon's rules: `<sentinel:[0-9]+>`, `IMGIMG[A-I]{1,4}Z`, and then `[\t\n]|    |  `.
    case sentinels, images, indents

    /// Appends the ends of the pieces of `range`, in order; the last one is the end of the range.
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
