/// How to prepare a text for merges over characters, by the rule's name in GGUF.
///
/// Names and rules are those of llama.cpp.
struct CharacterPairRule: Sendable, Equatable {
    /// The boundaries that no merge crosses.
    enum Cut: Sendable { case lines, whiteSpace }

    /// Whether U+2581 stands for a space.
    var marksSpaces = true
    /// Whether a run of newlines that is a token is kept whole.
    var takesNewlines = true
    /// The runs at which the text is cut; they and the text between them are encoded separately.
    var cut = Cut.lines
    /// Whether such runs are dropped.
    var dropsCuts = false
    /// Whether to convert to lowercase.
    var lowercases = false

    /// The rule of Gemma 4.
    static let gemma4 = CharacterPairRule()

    private static let known: [String: CharacterPairRule] = [
        "gemma4": gemma4, "granite-embed-multi-311m": gemma4,
        "sarvam-moe": CharacterPairRule(takesNewlines: false),
        "whitespace": CharacterPairRule(marksSpaces: false, takesNewlines: false, cut: .whiteSpace),
    ]

    /// The names of all rules.
    static var names: [String] { Array(known.keys) }

    /// - Returns: nil for the name of a rule for merges over bytes.
    static func named(_ name: String) -> CharacterPairRule? { known[name] }

    init(
        marksSpaces: Bool = true,
        takesNewlines: Bool = true,
        cut: Cut = .lines
    ) {
        self.marksSpaces = marksSpaces
        self.takesNewlines = takesNewlines
        self.cut = cut
    }

    /// The rule of a vocabulary; Gemma 4's if it has no name.
    init(_ vocabulary: Vocabulary) {
        self = Self.named(vocabulary.preTokenizer) ?? .gemma4
        guard vocabulary.dropsWhiteSpace else { return }
        (dropsCuts, lowercases) = (true, vocabulary.wordNormalization.lowercases)
    }

    /// The end of the segment that starts at `start`, and whether it is a run of cut characters.
    func segment(_ text: UnsafeBufferPointer<UInt8>, from start: Int, upTo limit: Int) -> (end: Int, isCut: Bool) {
        var end = start
        var isCut: Bool?
        while end < limit {
            let (cuts, length) = cuts(text, at: end)
            if let isCut, isCut != cuts { break }
            isCut = cuts
            end += length
        }
        return (min(end, limit), isCut ?? false)
    }

    private func cuts(_ text: UnsafeBufferPointer<UInt8>, at place: Int) -> (cuts: Bool, length: Int) {
        switch cut {
        case .lines: return (text[place] == 0x0a, 1)
        case .whiteSpace:
            let (value, length) = CodePoints.sequence(text, at: place) ?? (0xfffd, 1)
            // If cuts are kept, ASCII white space is that of the C locale; otherwise it is Unicode's.
            guard dropsCuts || value > 0x7f else { return (value == 0x20 || (0x09...0x0d).contains(value), length) }
            return (CharacterClass.of(value).contains(.whiteSpace), length)
        }
    }
}

extension Vocabulary {
    /// Whether a pre-tokenizer's name in GGUF stands for merges over characters.
    public static func mergesCharacters(preTokenizer name: String) -> Bool { CharacterPairRule.named(name) != nil }

    /// Whether a vocabulary with this name begins every text with BOS, whatever the file says.
    public static func alwaysAddsBeginning(preTokenizer name: String) -> Bool {
        CharacterPairRule.named(name)?.takesNewlines == true
    }
}
