/// The attributes that the reference implementation derives for each token in addition to its stored type.
struct TokenAttributes: OptionSet, Sendable {
    let rawValue: UInt16

    static let normal = TokenAttributes(rawValue: 1)
    static let unknown = TokenAttributes(rawValue: 2)
    static let control = TokenAttributes(rawValue: 4)
    static let userDefined = TokenAttributes(rawValue: 8)
    static let unused = TokenAttributes(rawValue: 16)
    static let byte = TokenAttributes(rawValue: 32)
    /// The token absorbs white space after it.
    static let stripsRight = TokenAttributes(rawValue: 64)

    /// The token absorbs white space before it.
    static let stripsLeft = TokenAttributes(rawValue: 128)

    init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ type: Vocabulary.TokenType) {
        switch type {
        case .undefined: self = []
        case .normal: self = .normal
        case .unknown: self = .unknown
        case .control: self = .control
        case .userDefined: self = .userDefined
        case .unused: self = .unused
        case .byte: self = .byte
        }
    }
}

/// The attributes of all tokens, and the tokens that end generation.
///
/// GGUF does not store them completely, so llama.cpp derives them from the tokens' texts and the model's name. This
/// type uses the same lists, because a token's attributes affect the encoding of the text around it.
struct DerivedAttributes: Sendable {
    private(set) var attributes: [TokenAttributes]
    private(set) var endsGeneration: Set<Int32>
    private(set) var special: Vocabulary.SpecialTokens

    init(_ vocabulary: Vocabulary, texts: ByteStringTable) {
        attributes =
            vocabulary.types.isEmpty
            ? Array(repeating: .normal, count: vocabulary.tokens.count)
            : vocabulary.types.map { TokenAttributes($0) }
        special = vocabulary.special
        endsGeneration = []
        nameSpecialTokens(texts)
        findEnds(texts)
        if Self.stripsBeforeMask(vocabulary) {
            if let mask = texts.index(of: "<mask>".utf8) { attributes[Int(mask)].insert(.stripsLeft) }
        } else if ["phi-3", "phi3"].contains(where: vocabulary.modelName.lowercased().contains) {
            stripAroundPhi3Tokens(texts)
        }
    }

    /// Texts that identify a special token if the file does not name it.
    private static let names: [(any WritableKeyPath<Vocabulary.SpecialTokens, Int32?> & Sendable, [String])] = [
        (
            \.endOfTurn,
            [
                "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>",
                "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>",
            ]
        ),
        (\.endOfMessage, ["<|eom_id|>"]),
        (
            \.fillPrefix,
            [
                "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>",
                "<|prefix|>",
            ]
        ),
        (
            \.fillSuffix,
            [
                "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>",
                "<|suffix|>",
            ]
        ),
        (
            \.fillMiddle,
            [
                "<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>",
                "<|middle|>",
            ]
        ),
        (\.fillPadding, ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]),
        (\.fillRepository, ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"]),
        (\.fillSeparator, ["<|file_sep|>"]),
    ]

    private static let endTexts = [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
        "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
        "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
    ]

    /// Identifies special tokens by their text. If several match, llama.cpp uses whichever its hash table returns
    /// first; here the first one in the list wins, so that the choice is the same everywhere.
    private mutating func nameSpecialTokens(_ texts: ByteStringTable) {
        for (role, names) in Self.names where special[keyPath: role] == nil {
            guard let id = names.lazy.compactMap({ texts.index(of: $0.utf8) }).first else { continue }
            special[keyPath: role] = id
            attributes[Int(id)].insert(.control)
        }
    }

    private mutating func findEnds(_ texts: ByteStringTable) {
        let fill = [special.fillPadding, special.fillRepository, special.fillSeparator]
        endsGeneration.formUnion(fill.compactMap { $0 })
        for text in Self.endTexts {
            guard let id = texts.index(of: text.utf8) else { continue }
            endsGeneration.insert(id)
            attributes[Int(id)].insert(.control)
        }
        // Markers inside a reply that are shown to the reader.
        for text in ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"] {
            if let id = texts.index(of: text.utf8) { attributes[Int(id)] = .userDefined }
        }
        endsGeneration.formUnion([special.end, special.endOfTurn, special.endOfMessage].compactMap { $0 })
        continueWhereEndIsNone(texts)
    }

    /// Removes end tokens of two families that use their text for something else.
    private mutating func continueWhereEndIsNone(_ texts: ByteStringTable) {
        func id(_ text: String) -> Int32? {
            texts.index(of: text.utf8).flatMap { endsGeneration.contains($0) ? $0 : nil }
        }
        let hasCall = id("<|call|>") != nil || id("<|calls|>") != nil
        if hasCall, id("<|return|>") != nil || id("<|flush|>") != nil, let end = id("<|end|>") {
            endsGeneration.remove(end)
            attributes[Int(end)] = .userDefined
        }
        if id("<|tool_response>") != nil || id("<|plamo:eos|>") != nil, let end = id("</s>") {
            endsGeneration.remove(end)
            attributes[Int(end)] = .normal
        }
    }

    /// Whether the mask token absorbs white space before it, by the names of families and pre-tokenizers.
    private static func stripsBeforeMask(_ vocabulary: Vocabulary) -> Bool {
        ["jina-v2-de", "jina-v2-es", "jina-v2-code"].contains(where: vocabulary.preTokenizer.contains)
            || ["nomic-bert-moe", "jina-bert-v3"].contains(where: vocabulary.architecture.contains)
    }

    private mutating func stripAroundPhi3Tokens(_ texts: ByteStringTable) {
        for index in attributes.indices where !attributes[index].isDisjoint(with: [.control, .userDefined, .unknown]) {
            attributes[index].insert(.stripsRight)
        }
        if let id = texts.index(of: "</s>".utf8) { attributes[Int(id)].insert(.stripsRight) }
        for text in ["<unk>", "<s>", "<|endoftext|>"] {
            if let id = texts.index(of: text.utf8) { attributes[Int(id)].remove(.stripsRight) }
        }
    }
}
