import BinaryIO
import GGUF
import Tokenizers

/// A byte-level BPE vocabulary, as GGUF stores it.
struct ByteLevelVocabulary {
    private static let file = "tokenizer.json"

    private let tokens: [String]
    private let types: [Vocabulary.TokenType]
    private let merges: [String]
    private let preTokenizer: String

    /// - Parameters:
    ///   - familyName: the model family's name for its pre-tokenizer, if the rule has several names.
    ///   - multiple: the vocabulary is padded to a multiple of this size.
    /// - Throws: `ConversionProblem`.
    init(_ files: TokenizerFiles, options: ConversionOptions, familyName: String? = nil, multiple: Int = 1) throws {
        guard let source = try ByteLevelSource.read(files) else { throw ConversionProblem.missingFile(Self.file) }
        try options.preTokenizer.map(EnginePreTokenizers.check)
        preTokenizer = try options.preTokenizer ?? source.preTokenizer(familyName)
        let (vocabulary, added) = (source.vocabulary, source.added)
        let largest = max(
            vocabulary.members.compactMap(\.value.integer).max() ?? -1,
            added.map(\.id).max() ?? -1
        )
        let named = try files.folder.config.integer("vocab_size") ?? min(largest, 1 << 24) + 1
        let count = (named + multiple - 1) / multiple * multiple
        if let token = added.first(where: { $0.id >= count }) {
            throw ConversionProblem.tokenBeyondVocabulary(
                file: Self.file,
                token: token.text,
                id: token.id,
                count: count
            )
        }
        try SpecialTokens.refuseSharedIDs(added.map { ($0.text, $0.id) }, file: Self.file)
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
            guard types[id] == .unused else {
                let reason = "two of its tokens have the id \(id)"
                throw ConversionProblem.invalidVocabulary(file: Self.file, reason: reason)
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
        merges = source.merges
    }

    /// - Parameter roles: tokens with a role by default, unless the files assign it to others, in order.
    func write(
        of files: TokenizerFiles,
        to metadata: inout Metadata,
        roles: [(role: String, text: String)] = []
    ) throws {
        metadata.set("tokenizer.ggml.model", .string("gpt2"))
        metadata.set("tokenizer.ggml.pre", .string(preTokenizer))
        metadata.set("tokenizer.ggml.tokens", .array(.string(try files.distinct(tokens))))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        if !merges.isEmpty { metadata.set("tokenizer.ggml.merges", .array(.string(merges))) }
        var special = try SpecialTokens(files, vocabularyCount: tokens.count)
        for (role, text) in roles {
            guard let id = tokens.firstIndex(of: text) else {
                throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "it has no token '\(text)'")
            }
            special.setID(role, id, tokens.count)
        }
        special.write(to: &metadata)
    }
}
