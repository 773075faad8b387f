import BinaryIO
import GGUF
import Tokenizers

/// A WordPiece vocabulary, as GGUF stores it: pieces that begin a word are marked, and those that continue one are not.
struct WordPieceVocabulary {
    private static let file = "tokenizer.json"
    /// The reference's name for the rule of published English models; engines split all these vocabularies in the same
    /// way.
    private static let rule = "jina-v2-en"

    private let tokens: [String]
    private let types: [Vocabulary.TokenType]
    private let preTokenizer: String

    /// Whether the folder has such a vocabulary.
    static func isPresent(in files: TokenizerFiles) -> Bool {
        files.tokenizer?["model"]?["type"]?.string == "WordPiece"
    }

    /// - Throws: `ConversionProblem`.
    init(_ files: TokenizerFiles, options: ConversionOptions) throws {
        guard let tokenizer = files.tokenizer, let vocabulary = tokenizer["model"]?["vocab"]?.object else {
            throw ConversionProblem.missingKey(file: Self.file, key: "model.vocab")
        }
        try options.preTokenizer.map(EnginePreTokenizers.check)
        preTokenizer = options.preTokenizer ?? Self.rule
        let count = try files.folder.config.integer("vocab_size") ?? vocabulary.members.count
        func problem(_ reason: String) -> ConversionProblem { .invalidVocabulary(file: Self.file, reason: reason) }
        guard (1...(1 << 24)).contains(count) else { throw problem("config.json says 'vocab_size' \(count)") }
        var tokens = (0..<count).map { "\u{2581}[PAD\($0)]" }
        var types = Array(repeating: Vocabulary.TokenType.unused, count: count)
        for (text, id) in vocabulary.members {
            guard let id = id.integer, tokens.indices.contains(id) else {
                throw problem("the token '\(text)' has no id below \(count)")
            }
            guard types[id] == .unused else { throw problem("two of its tokens have the id \(id)") }
            tokens[id] = text.hasPrefix("##") ? String(text.dropFirst(2)) : "\u{2581}\(text)"
            types[id] = .normal
        }
        let prefix = tokenizer["model"]?["continuing_subword_prefix"]?.string ?? "##"
        guard prefix == "##" else { throw problem("its tokens within words begin with '\(prefix)' and not with '##'") }
        for entry in tokenizer["added_tokens"]?.array ?? [] {
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer, tokens.indices.contains(id) else {
                throw problem("an added token has no text, or no id below \(count)")
            }
            let isSpecial = entry["special"]?.bool ?? false || SpecialTokens.looksSpecial(text)
            tokens[id] = isSpecial ? text : "\u{2581}\(SpecialTokens.withPlainSpaces(text))"
            types[id] = isSpecial ? .control : .userDefined
        }
        (self.tokens, self.types) = (tokens, types)
    }

    func write(of files: TokenizerFiles, to metadata: inout Metadata) throws {
        metadata.set("tokenizer.ggml.model", .string("bert"))
        metadata.set("tokenizer.ggml.pre", .string(preTokenizer))
        metadata.set("tokenizer.ggml.tokens", .array(.string(try files.distinct(tokens))))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        try SpecialTokens(files, vocabularyCount: tokens.count).write(to: &metadata)
    }
}
