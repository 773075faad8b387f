import GGUF
import Tokenizers

extension Vocabulary {
    /// Reads the vocabulary of a GGUF file.
    /// - Throws: `GGUFProblem` for a missing key or a wrong type; `InferenceProblem` or `TokenizerError` for an invalid
    ///   vocabulary.
    public init(_ metadata: Metadata) throws {
        let model = try metadata.string("tokenizer.ggml.model").required("tokenizer.ggml.model")
        let tokens = try metadata.strings("tokenizer.ggml.tokens").required("tokenizer.ggml.tokens")
        switch model {
        case "llama":
            self.init(kind: .sentencePiece, tokens: tokens, addsBeginning: true, addsSpacePrefix: true)
            // The default ids of every SentencePiece model of this kind.
            if tokens.count > 2 { (special.unknown, special.beginning, special.end) = (0, 1, 2) }
        case "gpt2", "whitespace":
            let rule = try metadata.string("tokenizer.ggml.pre") ?? "default"
            let mergesCharacters = Vocabulary.mergesCharacters(preTokenizer: rule)
            guard model == "gpt2" || rule == model else {
                throw InferenceProblem.unsupportedTokenizer("\(model), \(rule)")
            }
            self.init(kind: mergesCharacters ? .characterPairs : .byteLevelBPE, preTokenizer: rule, tokens: tokens)
            merges = try metadata.strings("tokenizer.ggml.merges").required("tokenizer.ggml.merges")
            dropsWhiteSpace = model == "whitespace"
            wordNormalization.lowercases = false
            addsBeginning = try Vocabulary.addsBeginningByDefault(preTokenizer: rule)
        case "gemma4":
            self.init(kind: .characterPairs, preTokenizer: model, tokens: tokens)
            merges = try metadata.strings("tokenizer.ggml.merges").required("tokenizer.ggml.merges")
        case "bert":
            self.init(kind: .wordPiece, tokens: tokens, addsBeginning: true, addsEnd: true)
            let ids: [(WritableKeyPath<SpecialTokens, Int32?>, Int32)] = [
                (\.beginning, 101), (\.unknown, 100), (\.separator, 102), (\.padding, 0), (\.mask, 103),
            ]
            for (role, id) in ids where tokens.indices.contains(Int(id)) { special[keyPath: role] = id }
        case "t5":
            self.init(kind: .unigram, tokens: tokens, addsEnd: true)
            if tokens.count > 2 { (special.padding, special.end, special.unknown) = (0, 1, 2) }
            removesExtraSpaces = try metadata.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false
            characterMap = try Self.characterMap(metadata)
        default:
            throw InferenceProblem.unsupportedTokenizer(model)
        }
        modelName = try metadata.string("general.name") ?? ""
        architecture = try metadata.string("general.architecture") ?? ""
        let normalizer = "tokenizer.ggml.normalizer."
        wordNormalization.lowercases = try metadata.bool(normalizer + "lowercase") ?? wordNormalization.lowercases
        wordNormalization.stripsAccents =
            try metadata.bool(normalizer + "strip_accents") ?? wordNormalization.lowercases
        scores = try metadata.floats("tokenizer.ggml.scores") ?? []
        types = try Self.types(metadata)
        addsSpacePrefix = try metadata.bool("tokenizer.ggml.add_space_prefix") ?? addsSpacePrefix
        addsBeginning = try metadata.bool("tokenizer.ggml.add_bos_token") ?? addsBeginning
        // Engines begin every text of these kinds this way, whatever the file says.
        if kind == .characterPairs, Vocabulary.alwaysAddsBeginning(preTokenizer: preTokenizer) { addsBeginning = true }
        addsEnd = try metadata.bool("tokenizer.ggml.add_eos_token") ?? addsEnd
        if kind == .wordPiece { (addsBeginning, addsEnd) = (true, true) }
        try readSpecialTokens(metadata)
        suppressed = try Self.suppressed(metadata, tokenCount: tokens.count)
    }

    /// Returns tokens that are never generated; ids without a token are dropped.
    private static func suppressed(_ metadata: Metadata, tokenCount: Int) throws -> [Int32] {
        let key = "tokenizer.ggml.suppress_tokens"
        let ids = try metadata.integers(key) ?? []
        return ids.filter { (0..<tokenCount).contains($0) }.map { Int32($0) }
    }

    private static func characterMap(_ metadata: Metadata) throws -> [UInt8] {
        let numbers = try metadata.integers("tokenizer.ggml.precompiled_charsmap") ?? []
        // Whether signed or unsigned, they are bytes.
        return numbers.map { UInt8(truncatingIfNeeded: $0) }
    }

    private static func types(_ metadata: Metadata) throws -> [TokenType] {
        let numbers = try metadata.integers("tokenizer.ggml.token_type") ?? []
        return numbers.map { Int32(exactly: $0).flatMap(TokenType.init) ?? .undefined }
    }

    private mutating func readSpecialTokens(_ metadata: Metadata) throws {
        let keys: [(String, WritableKeyPath<SpecialTokens, Int32?>)] = [
            ("bos", \.beginning), ("eos", \.end), ("eot", \.endOfTurn), ("eom", \.endOfMessage),
            ("unknown", \.unknown), ("seperator", \.separator), ("padding", \.padding), ("mask", \.mask),
            ("prefix", \.fillPrefix), ("suffix", \.fillSuffix), ("middle", \.fillMiddle),
            ("fim_pre", \.fillPrefix), ("fim_suf", \.fillSuffix), ("fim_mid", \.fillMiddle),
            ("fim_pad", \.fillPadding), ("fim_rep", \.fillRepository), ("fim_sep", \.fillSeparator),
        ]
        for (name, path) in keys {
            let key = "tokenizer.ggml.\(name)_token_id"
            guard let id = try metadata.integer(key) else { continue }
            guard tokens.indices.contains(id) else {
                throw InferenceProblem.badValue(key: key, value: "\(id)", expected: "an id below \(tokens.count)")
            }
            special[keyPath: path] = Int32(id)
        }
    }
}
