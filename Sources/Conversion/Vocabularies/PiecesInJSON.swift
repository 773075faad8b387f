import BinaryIO
import GGUF
import Tokenizers

/// A SentencePiece vocabulary that only `tokenizer.json` holds: byte-pair merges over pieces, with bytes to fall back on.
///
/// The file has no scores; like the reference, this writes the same one for all.
struct PiecesInJSON {
    private static let file = "tokenizer.json"
    private static let score: Float = -1000

    private var tokens: [String] = []
    private var types: [Vocabulary.TokenType] = []

    /// - Returns: nil where tokenizer.json is missing or holds another kind of vocabulary.
    /// - Throws: `ConversionProblem`.
    init?(_ folder: HuggingFaceFolder) throws {
        guard let tokenizer = try folder.json(Self.file), let model = tokenizer["model"],
            model["type"]?.string == "BPE", model["byte_fallback"]?.bool == true,
            tokenizer["decoder"]?["type"]?.string == "Sequence"
        else { return nil }
        guard let vocabulary = model["vocab"]?.object else {
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
        let special = Self.specialTokens(try folder.json("tokenizer_config.json"))
        for piece in pieces {
            guard let piece else {
                throw ConversionProblem.invalidVocabulary(file: Self.file, reason: "two of its tokens have one id")
            }
            append(piece, Self.isByte(piece) ? .byte : special.contains(piece) ? .control : .normal)
        }
        let added = (tokenizer["added_tokens"]?.array ?? []).compactMap { entry -> (id: Int, text: String)? in
            guard let id = entry["id"]?.integer, let text = entry["content"]?.string, id >= count else { return nil }
            return (id, text)
        }
        for token in added.sorted(by: { $0.id < $1.id }) {
            append(token.text, special.contains(token.text) ? .control : .userDefined)
        }
    }

    private mutating func append(_ text: String, _ type: Vocabulary.TokenType) {
        tokens.append(text)
        types.append(type)
    }

    /// `<0x0A>` and the like.
    private static func isByte(_ text: String) -> Bool {
        let characters = Array(text.utf8)
        return characters.count == 6 && text.hasPrefix("<0x") && text.hasSuffix(">")
            && characters[3...4].allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }

    /// The texts that play a role, and those that are listed beside.
    private static func specialTokens(_ settings: JSONValue?) -> Set<String> {
        let roles = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"].compactMap { settings?["\($0)_token"] }
        let listed = ["additional_special_tokens", "extra_special_tokens"].flatMap { settings?[$0]?.array ?? [] }
        return Set((roles + listed).compactMap { $0.string ?? $0["content"]?.string })
    }

    func write(of folder: HuggingFaceFolder, to metadata: inout Metadata) throws {
        metadata.set("tokenizer.ggml.model", .string("llama"))
        metadata.set("tokenizer.ggml.pre", .string("default"))
        metadata.set("tokenizer.ggml.tokens", .array(.string(tokens)))
        metadata.set("tokenizer.ggml.scores", .array(.float32(Array(repeating: Self.score, count: tokens.count))))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        try SpecialTokens(folder, vocabularyCount: tokens.count).write(to: &metadata)
    }
}
