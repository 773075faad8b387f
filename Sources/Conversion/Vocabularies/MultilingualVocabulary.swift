import BinaryIO
import Foundation
import GGUF
import Tokenizers

/// XLM-RoBERTa's Unigram vocabulary, as GGUF stores it: its pieces after four tokens of its own.
///
/// SentencePiece's file begins with three tokens that have other ids in the model, so all pieces move by one. Without
/// that file, tokenizer.json is read, which has the model's order.
struct MultilingualVocabulary {
    static let file = "sentencepiece.bpe.model"
    private static let json = "tokenizer.json"
    private static let mostTokens = 1 << 24

    private var tokens: [String]
    private var scores: [Float]
    private var types: [Vocabulary.TokenType]
    private var addsSpacePrefix = true
    private var removesExtraSpaces = false
    private var characterMap: [UInt8] = []

    /// - Throws: `ConversionProblem`.
    init(_ files: TokenizerFiles) throws {
        let bytes = try files.folder.bytes(Self.file)
        let named = try files.folder.config.integer("vocab_size") ?? 0
        guard named <= Self.mostTokens else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "vocab_size",
                expected: "no more than \(Self.mostTokens)"
            )
        }
        func padding(_ count: Int) -> (tokens: [String], scores: [Float], types: [Vocabulary.TokenType]) {
            (
                (0..<count).map { "[PAD\($0)]" }, Array(repeating: -10_000, count: count),
                Array(repeating: .unused, count: count)
            )
        }
        guard let bytes else {
            guard let tokenizer = files.tokenizer else { throw ConversionProblem.missingFile(Self.file) }
            let pieces = try Self.pieces(of: tokenizer)
            (tokens, scores, types) = padding(max(named, pieces.count))
            try read(pieces, of: tokenizer, files.settings)
            return
        }
        let model = try Self.model(bytes)
        (tokens, scores, types) = padding(max(named, model.pieces.count))
        for (id, piece) in model.pieces.enumerated() {
            tokens[id] = piece.text
            scores[id] = piece.score
            types[id] =
                switch piece.type {
                case .unknown: .unknown
                case .control: .control
                case .unused: .unused
                case .byte: .byte
                case .normal, .userDefined: .normal
                }
        }
        guard tokens.count >= 4 else { throw Self.problem(Self.file, "it has \(tokens.count) tokens") }
        tokens = ["<s>", "<pad>", "</s>", "<unk>"] + tokens[3...].dropLast()
        scores = [0, 0, 0, 0] + scores[3...].dropLast()
        types = [.control, .control, .control, .unknown] + types[3...].dropLast()
        addsSpacePrefix = model.addsSpacePrefix
        removesExtraSpaces = model.removesExtraSpaces
        characterMap = model.characterMap
    }

    private static func problem(_ file: String, _ reason: String) -> ConversionProblem {
        .invalidVocabulary(file: file, reason: reason)
    }

    private static func model(_ bytes: [UInt8]) throws -> SentencePieceModel {
        let model: SentencePieceModel
        do {
            model = try SentencePieceModel(parsing: bytes)
        } catch ConversionProblem.invalidVocabulary(_, let reason) {
            throw problem(file, reason)
        }
        guard model.algorithm == .unigram else { throw problem(file, "it is no Unigram model") }
        guard model.pieces.count <= mostTokens else { throw problem(file, "it has \(model.pieces.count) pieces") }
        return model
    }

    // MARK: tokenizer.json

    private static func pieces(of tokenizer: JSONValue) throws -> [(text: String, score: Float)] {
        guard tokenizer["model"]?["type"]?.string == "Unigram", let entries = tokenizer["model"]?["vocab"]?.array,
            entries.count <= mostTokens
        else {
            throw problem(json, "it holds no Unigram vocabulary, and there is no \(file)")
        }
        return try entries.enumerated().map { id, entry in
            guard let pair = entry.array, pair.count == 2, let text = pair[0].string,
                let score = pair[1].double.map(Float.init), score.isFinite
            else { throw problem(json, "the piece \(id) is not a text with a score") }
            return (text, score)
        }
    }

    private mutating func read(
        _ pieces: [(text: String, score: Float)],
        of tokenizer: JSONValue,
        _ settings: JSONValue?
    ) throws {
        var added: [Int: String] = [:]
        for entry in tokenizer["added_tokens"]?.array ?? [] {
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer, id >= 0 else {
                throw Self.problem(Self.json, "an added token has no text or no id")
            }
            added[id] = text
        }
        let ids = Dictionary(added.map { ($1, $0) }) { first, _ in first }
        let roles = Self.roles(settings)
        let special = Set(roles.values.compactMap { text in ids[text] ?? pieces.firstIndex { $0.text == text } })
        let unknown =
            settings?["unk_token"].flatMap(Self.text).flatMap { ids[$0] }
            ?? tokenizer["model"]?["unk_id"]?.integer ?? 3
        for (id, piece) in pieces.enumerated() {
            tokens[id] = added[id] ?? piece.text
            scores[id] = piece.score
            types[id] =
                id == unknown ? .unknown : special.contains(id) ? .control : added[id] != nil ? .userDefined : .normal
        }
        addsSpacePrefix = settings?["add_prefix_space"]?.bool ?? true
        removesExtraSpaces = settings?["clean_up_tokenization_spaces"]?.bool ?? false
        guard let map = Self.characterMap(tokenizer["normalizer"]), let bytes = Data(base64Encoded: map) else {
            throw Self.problem(Self.json, "its normalizer has no map of characters, or one that is no Base64")
        }
        characterMap = Array(bytes)
    }

    /// A token's text, given directly or in an object.
    private static func text(_ value: JSONValue) -> String? { value.string ?? value["content"]?.string }

    /// The tokens with roles: the defaults of transformers' class, unless the files override them.
    private static func roles(_ settings: JSONValue?) -> [String: String] {
        let usual = [
            "bos": "<s>", "eos": "</s>", "sep": "</s>", "cls": "<s>", "unk": "<unk>", "pad": "<pad>", "mask": "<mask>",
        ]
        let isGeneral = settings?["tokenizer_class"]?.string.map { !$0.hasPrefix("XLMRoberta") } ?? false
        var roles = isGeneral ? [:] : usual
        for role in usual.keys {
            if let text = settings?["\(role)_token"].flatMap(text) { roles[role] = text }
        }
        for key in ["additional_special_tokens", "extra_special_tokens"] {
            for (index, value) in (settings?[key]?.array ?? []).enumerated() { roles["\(key)\(index)"] = text(value) }
        }
        return roles
    }

    /// The character map, alone or among other normalizer steps.
    private static func characterMap(_ step: JSONValue?) -> String? {
        step?["precompiled_charsmap"]?.string
            ?? step?["normalizers"]?.array?.lazy.compactMap { characterMap($0) }.first
    }

    /// - Parameter typeCount: the number of token types.
    func write(of files: TokenizerFiles, typeCount: Int, to metadata: inout Metadata) throws {
        metadata.set("tokenizer.ggml.model", .string("t5"))
        metadata.set("tokenizer.ggml.pre", .string("default"))
        metadata.set("tokenizer.ggml.tokens", .array(.string(try files.distinct(tokens))))
        metadata.set("tokenizer.ggml.scores", .array(.float32(scores)))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        metadata.set("tokenizer.ggml.add_space_prefix", .bool(addsSpacePrefix))
        metadata.set("tokenizer.ggml.token_type_count", .uint32(UInt32(clamping: typeCount)))
        metadata.set("tokenizer.ggml.remove_extra_whitespaces", .bool(removesExtraSpaces))
        if !characterMap.isEmpty {
            metadata.set("tokenizer.ggml.precompiled_charsmap", .array(.uint8(characterMap)))
        }
        try SpecialTokens(files, vocabularyCount: tokens.count).write(to: &metadata)
    }
}
