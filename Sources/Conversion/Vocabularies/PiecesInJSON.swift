import BinaryIO
import GGUF
import Tokenizers

/// A SentencePiece vocabulary that only `tokenizer.json` contains: byte-pair merges over pieces, with byte tokens as
/// fallback.
///
/// The file has no scores, but its merges are ordered by score, so scores can be reconstructed. The reference writes
/// the same score for all pieces, and engines then merge whatever comes first in the text.
struct PiecesInJSON {
    private static let file = "tokenizer.json"
    /// The reference's score for added tokens.
    private static let addedScore: Float = -1000

    private var tokens: [String] = []
    private var scores: [Float] = []
    private var types: [Vocabulary.TokenType] = []

    /// - Returns: nil if tokenizer.json is missing or contains another kind of vocabulary.
    /// - Throws: `ConversionProblem`.
    init?(_ files: TokenizerFiles) throws {
        guard Self.isPresent(in: files), let tokenizer = files.tokenizer else { return nil }
        guard let vocabulary = tokenizer["model"]?["vocab"]?.object else {
            throw ConversionProblem.missingKey(file: Self.file, key: "model.vocab")
        }
        let count = vocabulary.members.count
        var pieces = [String?](repeating: nil, count: count)
        for (text, id) in vocabulary.members {
            guard let id = id.integer, pieces.indices.contains(id) else {
                throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "ids of its tokens have gaps")
            }
            pieces[id] = text
        }
        let special = Self.specialTokens(files.settings)
        typealias Added = (id: Int, text: String, isSpecial: Bool)
        let added = (tokenizer["added_tokens"]?.array ?? []).compactMap { entry -> Added? in
            guard let id = entry["id"]?.integer, id >= 0, let text = entry["content"]?.string else { return nil }
            return (id, text, entry["special"]?.bool ?? false)
        }
        try SpecialTokens.refuseSharedIDs(added.map { ($0.text, $0.id) }, file: Self.file)
        for piece in pieces {
            guard let piece else {
                throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "two of its tokens have one id")
            }
            tokens.append(piece)
            types.append(Self.isByte(piece) ? .byte : special.contains(piece) ? .control : .normal)
        }
        for token in added where token.id < count && types[token.id] == .normal {
            types[token.id] = token.isSpecial ? .control : .userDefined
            if !token.isSpecial { tokens[token.id] = SpecialTokens.withPlainSpaces(token.text) }
        }
        scores = try scores(merges: try ByteLevelSource.merges(tokenizer), ids: vocabulary)
        for token in added.sorted(by: { $0.id < $1.id }) where token.id >= count {
            try pad(to: token.id)
            guard token.id == tokens.count else {
                throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "two of its tokens have one id")
            }
            tokens.append(token.text)
            scores.append(Self.addedScore)
            types.append(special.contains(token.text) ? .control : .userDefined)
        }
        // The weights may have more rows.
        try pad(to: try files.folder.config.integer("vocab_size") ?? 0)
    }

    private mutating func pad(to count: Int) throws {
        guard count <= 1 << 24 else {
            throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "it needs \(count) tokens")
        }
        while tokens.count < count {
            tokens.append("[PAD\(tokens.count)]")
            scores.append(-10_000)
            types.append(.unused)
        }
    }

    static func isPresent(in files: TokenizerFiles) -> Bool {
        guard let tokenizer = files.tokenizer, let model = tokenizer["model"] else { return false }
        return model["type"]?.string == "BPE" && model["byte_fallback"]?.bool == true
            && tokenizer["decoder"]?["type"]?.string == "Sequence"
    }

    /// The scores of a SentencePiece model with these pieces: decreasing by one per piece, in the order in which merges
    /// first produce them, followed by the pieces that no merge produces.
    private func scores(merges: [(left: String, right: String)], ids: JSONObject) throws -> [Float] {
        var scores = [Float?](repeating: nil, count: tokens.count)
        // SentencePiece's trainer negates an index, which gives -0.
        var next: Float = -0.0
        func score(_ id: Int) {
            guard scores[id] == nil else { return }
            scores[id] = next
            next -= 1
        }
        for merge in merges {
            guard let id = ids[merge.left + merge.right]?.integer else {
                throw ConversionProblem.invalidVocabulary(
                    file: Self.file,
                    reason: "'\(merge.left)' and '\(merge.right)' merge into no token"
                )
            }
            score(id)
        }
        for (id, type) in types.enumerated() where type == .normal { score(id) }
        return zip(scores, types).map { score, type in type == .userDefined ? Self.addedScore : score ?? 0 }
    }

    /// Whether a text is a byte token such as `<0x0A>`.
    static func isByte(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        return characters.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">")
            && characters[3...4].allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }

    /// The texts of tokens with a role, and those in the list of special tokens.
    private static func specialTokens(_ settings: JSONValue?) -> Set<String> {
        let roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].compactMap { settings?["\($0)_token"] }
        let listed = ["additional_special_tokens", "extra_special_tokens"].flatMap { settings?[$0]?.array ?? [] }
        return Set((roles + listed).compactMap { $0.string ?? $0["content"]?.string })
    }

    func write(of files: TokenizerFiles, to metadata: inout Metadata) throws {
        metadata.set("tokenizer.ggml.model", .string("llama"))
        metadata.set("tokenizer.ggml.pre", .string("default"))
        metadata.set("tokenizer.ggml.tokens", .array(.string(try files.distinct(tokens))))
        metadata.set("tokenizer.ggml.scores", .array(.float32(scores)))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        try SpecialTokens(files, vocabularyCount: tokens.count).write(to: &metadata)
    }
}
