/// How a text is prepared whose merges are over characters, by the name that GGUF stores for it.
///
/// Names and rules as in llama.cpp.
struct CharacterPairRule: Sendable, Equatable {
    /// What no merge crosses.
    enum Cut: Sendable { case lines, whiteSpace }

    /// Whether U+2581 stands for a space.
    var marksSpaces = true
    /// Whether a run of newlines that is a token is taken whole.
    var takesNewlines = true
    /// Runs of this, and what lies between them, are encoded one by one.
    var cut = Cut.lines
    /// Whether nothing becomes of such runs.
    var dropsCuts = false
    /// Whether capitals become small.
    var lowercases = false

    /// Gemma 4's.
    static let gemma4 = CharacterPairRule()

    private static let known: [String: CharacterPairRule] = [
        "gemma4": gemma4, "granite-embed-multi-311m": gemma4,
        "sarvam-moe": CharacterPairRule(takesNewlines: false),
        "whitespace": CharacterPairRule(marksSpaces: false, takesNewlines: false, cut: .whiteSpace),
    ]

    /// The names of all of them.
    static var names: [String] { Array(known.keys) }

    /// - Returns: nil for a name that stands for merges over bytes.
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

    /// The rule of a vocabulary; Gemma 4's where it has no name.
    init(_ vocabulary: Vocabulary) {
        self = Self.named(vocabulary.preTokenizer) ?? .gemma4
        guard vocabulary.dropsWhiteSpace else { return }
        (dropsCuts, lowercases) = (true, vocabulary.wordNormalization.lowercases)
    }

    /// Where what starts at `start` ends, and whether it is a run of what cuts.
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
            // Of ASCII, what the C locale calls white space, unless it is dropped.
            guard dropsCuts || value > 0x7f else { return (value == 0x20 || (0x09...0x0d).contains(value), length) }
            return (CharacterClass.of(value).contains(.whiteSpace), length)
        }
    }
}

extension Vocabulary {
    /// Whether a name that GGUF has for how text is cut into words stands for merges over characters.
    public static func mergesCharacters(preTokenizer name: String) -> Bool { CharacterPairRule.named(name) != nil }

    /// Whether a vocabulary of this name begins every text with BOS, whatever the file says.
    public static func alwaysAddsBeginning(preTokenizer name: String) -> Bool {
        CharacterPairRule.named(name)?.takesNewlines == true
    }
}
