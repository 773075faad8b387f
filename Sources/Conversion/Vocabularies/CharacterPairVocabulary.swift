import BinaryIO
import GGUF
import Tokenizers

/// A character-level BPE vocabulary, as in Gemma 4: pieces with U+2581 for a space, merges, and byte tokens as
/// fallback.
///
/// Only tokens with a role are control tokens; the reference gives every token the same score.
struct CharacterPairVocabulary {
    private static let file = "tokenizer.json"
    private static let score: Float = -1000
    /// Tokens that are shown in a reply although they mark parts of it.
    private static let visible: Set<String> = [
        "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", "<|\"|>",
    ]

    private var tokens: [String] = []
    private var types: [Vocabulary.TokenType] = []
    private let merges: [String]

    /// - Throws: `ConversionProblem`.
    init(_ files: TokenizerFiles) throws {
        guard let tokenizer = files.tokenizer else { throw ConversionProblem.missingFile(Self.file) }
        guard PiecesInJSON.isPresent(in: files), let vocabulary = tokenizer["model"]?["vocab"]?.object else {
            throw Self.problem("it holds no byte pairs that fall back on bytes")
        }
        let count = vocabulary.members.count
        var pieces = [String?](repeating: nil, count: count)
        for (text, id) in vocabulary.members {
            guard let id = id.integer, pieces.indices.contains(id) else {
                throw Self.problem("ids of its tokens have gaps")
            }
            pieces[id] = text
        }
        let special = Self.specialTokens(files.settings)
        func type(_ text: String, _ other: Vocabulary.TokenType) -> Vocabulary.TokenType {
            Self.visible.contains(text) ? .userDefined : special.contains(text) ? .control : other
        }
        for piece in pieces {
            guard let piece else { throw Self.problem("two of its tokens have one id") }
            tokens.append(piece)
            types.append(PiecesInJSON.isByte(piece) ? .byte : type(piece, .normal))
        }
        let added = try (tokenizer["added_tokens"]?.array ?? []).map { entry in
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer, id >= 0 else {
                throw Self.problem("an added token has no text or no id")
            }
            return (text: text, id: id)
        }
        try SpecialTokens.refuseSharedIDs(added, file: Self.file)
        for token in added.sorted(by: { $0.id < $1.id }) where token.id >= count {
            guard token.id == tokens.count else { throw Self.problem("ids of its added tokens have gaps") }
            tokens.append(token.text)
            types.append(type(token.text, .userDefined))
        }
        merges = try ByteLevelSource.merges(tokenizer).map { left, right in
            [left, right].map { $0.replacing(" ", with: "\u{120}") }.joined(separator: " ")
        }
    }

    private static func problem(_ reason: String) -> ConversionProblem {
        .invalidVocabulary(file: file, reason: reason)
    }

    /// The texts of all settings that name a token, and those in the list of special tokens.
    private static func specialTokens(_ settings: JSONValue?) -> Set<String> {
        var values: [JSONValue] = []
        for (key, value) in settings?.object?.members ?? [] where key.hasSuffix("_token") { values.append(value) }
        for key in ["additional_special_tokens", "extra_special_tokens", "model_specific_special_tokens"] {
            values += settings?[key]?.array ?? settings?[key]?.object?.members.map(\.value) ?? []
        }
        return Set(values.compactMap { $0.string ?? $0["content"]?.string })
    }

    func write(of files: TokenizerFiles, to metadata: inout Metadata) throws {
        metadata.set("tokenizer.ggml.model", .string("gemma4"))
        metadata.set("tokenizer.ggml.tokens", .array(.string(try files.distinct(tokens))))
        metadata.set("tokenizer.ggml.scores", .array(.float32(tokens.map { _ in Self.score })))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        if !merges.isEmpty { metadata.set("tokenizer.ggml.merges", .array(.string(merges))) }
        try SpecialTokens(files, vocabularyCount: nil).write(to: &metadata)
        metadata.set("tokenizer.ggml.add_space_prefix", .bool(false))
        metadata.set("tokenizer.ggml.add_bos_token", .bool(true))
    }
}
