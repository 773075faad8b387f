import BinaryIO
import GGUF
import Tokenizers

/// A byte-level BPE vocabulary from `tokenizer.json`, as GGUF stores it.
struct ByteLevelVocabulary {
    private static let file = "tokenizer.json"

    private let tokens: [String]
    private let types: [Vocabulary.TokenType]
    private let merges: [String]
    private let preTokenizer: String

    /// - Parameter familyName: what the model's family calls its pre-tokenizer, where the rule has several names.
    /// - Throws: `ConversionProblem`.
    init(_ folder: HuggingFaceFolder, options: ConversionOptions, familyName: String? = nil) throws {
        guard let tokenizer = try folder.json(Self.file) else { throw ConversionProblem.missingFile(Self.file) }
        guard let vocabulary = tokenizer["model"]?["vocab"]?.object else {
            throw ConversionProblem.missingKey(file: Self.file, key: "model.vocab")
        }
        preTokenizer =
            try options.preTokenizer
            ?? PreTokenizerNames.name(for: tokenizer, preferring: familyName)
        let added = try Self.addedTokens(tokenizer)
        let largest = max(
            vocabulary.members.compactMap(\.value.integer).max() ?? -1,
            added.map(\.id).max() ?? -1
        )
        let count = try folder.config.integer("vocab_size") ?? largest + 1
        guard largest < count, count <= 1 << 24 else {
            throw ConversionProblem.invalidVocabulary(
                file: Self.file,
                reason: "it has a token \(largest), but config.json says 'vocab_size' \(count)"
            )
        }
        var tokens = (0..<count).map { "[PAD\($0)]" }
        var types = Array(repeating: Vocabulary.TokenType.unused, count: count)
        for (text, id) in vocabulary.members {
            guard let id = id.integer, id >= 0 else {
                throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "the token '\(text)' has no id")
            }
            tokens[id] = text
            types[id] = .normal
        }
        for token in added {
            let isSpecial = token.isSpecial || SpecialTokens.looksSpecial(token.text)
            tokens[token.id] = isSpecial ? token.text : SpecialTokens.withPlainSpaces(token.text)
            types[token.id] = isSpecial ? .control : .userDefined
        }
        self.tokens = tokens
        self.types = types
        merges = try Self.merges(tokenizer)
    }

    private static func addedTokens(_ tokenizer: JSONValue) throws -> [(text: String, id: Int, isSpecial: Bool)] {
        try (tokenizer["added_tokens"]?.array ?? []).map { entry in
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer, id >= 0 else {
                throw ConversionProblem.invalidVocabulary(file: file, reason: "an added token has no text or no id")
            }
            return (text, id, entry["special"]?.bool ?? false)
        }
    }

    /// The merges, best first, in the older form of two texts with a space between.
    private static func merges(_ tokenizer: JSONValue) throws -> [String] {
        // A space inside a part would split it; byte-level alphabets spell it differently.
        try mergedPairs(tokenizer).map { left, right in
            [left, right].map { $0.replacing(" ", with: "\u{120}") }.joined(separator: " ")
        }
    }

    /// The merges of tokenizer.json, best first.
    static func mergedPairs(_ tokenizer: JSONValue) throws -> [(left: String, right: String)] {
        guard let merges = tokenizer["model"]?["merges"]?.array else {
            throw ConversionProblem.missingKey(file: file, key: "model.merges")
        }
        return try merges.map { merge in
            let texts = merge.string.map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
            guard let pair = texts ?? merge.array?.compactMap(\.string), pair.count == 2 else {
                throw ConversionProblem.invalidVocabulary(file: file, reason: "a merge is no pair of texts")
            }
            return (pair[0], pair[1])
        }
    }

    func write(of folder: HuggingFaceFolder, to metadata: inout Metadata) throws {
        metadata.set("tokenizer.ggml.model", .string("gpt2"))
        metadata.set("tokenizer.ggml.pre", .string(preTokenizer))
        metadata.set("tokenizer.ggml.tokens", .array(.string(tokens)))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        if !merges.isEmpty { metadata.set("tokenizer.ggml.merges", .array(.string(merges))) }
        try SpecialTokens(folder, vocabularyCount: tokens.count).write(to: &metadata)
    }
}
