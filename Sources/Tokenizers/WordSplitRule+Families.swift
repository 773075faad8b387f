extension WordSplitRule {
    /// Splits by a rule that only a few model families have.
    func splitOtherwise(_ reader: WordReader, into ends: inout [Int]) {
        switch self {
        case .plainWords: reader.repeatedly(&ends) { reader.endOfPlainWord(at: $0) }
        case .narrowWords: reader.repeatedly(&ends) { reader.endOfNarrowWord(at: $0) }
        case .cascadingWords: reader.repeatedly(&ends) { reader.endOfCascadingWord(at: $0) }
        case .spacedWords: reader.repeatedly(&ends) { reader.endOfSpacedWord(at: $0) }
        case .caselessWords(let digits): reader.repeatedly(&ends) { reader.endOfCaselessWord(at: $0, digits: digits) }
        case .kimi: reader.repeatedly(&ends) { reader.endOfKimiWord(at: $0) }
        case .markedWords(let tails): reader.isolating(&ends) { reader.endOfMarkedWord(at: $0, newlineTails: tails) }
        case .singles(let set): reader.isolating(&ends) { reader.has(set, at: $0) ? $0 + 1 : $0 }
        case .runs(let sets, let afterSpace):
            reader.isolating(&ends) { reader.endOfRun(at: $0, of: sets, afterSpace: afterSpace) }
        case .newlines: reader.isolating(&ends) { reader.isNewline(at: $0) ? $0 + 1 : $0 }
        case .endingSpace: reader.isolating(&ends) { reader.endOfEndingSpace(at: $0) }
        case .unpunctuated: reader.isolating(&ends) { reader.endOfUnpunctuated(at: $0) }
        case .numbersFromEnd: reader.cutNumbersFromEnd(&ends)
        case .cutsFromEnd: reader.cutDigitsFromEnd(&ends)
        case .sentinels: reader.isolating(&ends) { reader.endOfSentinel(at: $0) }
        case .images: reader.isolating(&ends) { reader.endOfImage(at: $0) }
        case .indents: reader.isolating(&ends) { reader.endOfIndent(at: $0) }
        default: preconditionFailure("a rule that is split elsewhere")
        }
    }
}
