import BinaryIO
import Foundation
import GGUF
import Tokenizers

/// A Unigram vocabulary that only `tokenizer.json` contains: pieces with their scores, and the normalization of texts.
struct UnigramInJSON {
    private static let file = "tokenizer.json"

    private var tokens: [String] = []
    private var scores: [Float] = []
    private var types: [Vocabulary.TokenType] = []
    private var keys = UnigramKeys(
        addsSpacePrefix: false,
        removesExtraSpaces: false,
        characterMap: [],
        beginning: -1,
        end: -1
    )

    /// - Returns: nil if tokenizer.json is missing or contains another kind of vocabulary.
    /// - Throws: `ConversionProblem`, also for steps that GGUF has no keys for.
    init?(_ files: TokenizerFiles) throws {
        guard let tokenizer = files.tokenizer, let model = tokenizer["model"],
            model["type"]?.string == "Unigram"
        else { return nil }
        let pieces = try (model["vocab"]?.array ?? []).enumerated().map { id, entry in
            guard let pair = entry.array, pair.count == 2, let text = pair[0].string,
                let score = pair[1].double.map(Float.init),
                score.isFinite
            else {
                throw Self.problem("the piece \(id) is not a text with a score")
            }
            return (text: text, score: score)
        }
        let added = try (tokenizer["added_tokens"]?.array ?? []).map { entry in
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer, (0..<1 << 24).contains(id)
            else {
                throw Self.problem("an added token has no text or no id")
            }
            return (text: text, id: id, isSpecial: entry["special"]?.bool ?? false)
        }
        let needed = max(pieces.count, (added.map(\.id).max() ?? -1) + 1)
        let count = try files.folder.config.integer("vocab_size") ?? needed
        if let token = added.first(where: { $0.id >= count }) {
            throw ConversionProblem.tokenBeyondVocabulary(
                file: Self.file,
                token: token.text,
                id: token.id,
                count: count
            )
        }
        try SpecialTokens.refuseSharedIDs(added.map { ($0.text, $0.id) }, file: Self.file)
        guard needed <= count, count <= 1 << 24 else {
            throw Self.problem("it has \(needed) tokens, but config.json says 'vocab_size' \(count)")
        }
        tokens = pieces.map(\.text) + (pieces.count..<count).map { "[PAD\($0)]" }
        scores = pieces.map(\.score) + Array(repeating: -10_000, count: count - pieces.count)
        let hasBytes = model["byte_fallback"]?.bool ?? false
        types = pieces.map { hasBytes && PiecesInJSON.isByte($0.text) ? .byte : .normal }
        types += Array(repeating: .unused, count: count - pieces.count)
        for token in added {
            tokens[token.id] = token.isSpecial ? token.text : SpecialTokens.withPlainSpaces(token.text)
            types[token.id] = token.isSpecial ? .control : .userDefined
        }
        if let unknown = model["unk_id"]?.integer, types.indices.contains(unknown) { types[unknown] = .unknown }
        try readNormalizer(tokenizer["normalizer"])
        try readPreTokenizer(tokenizer["pre_tokenizer"])
    }

    private static func problem(_ reason: String) -> ConversionProblem {
        .invalidVocabulary(file: file, reason: reason)
    }

    private mutating func readNormalizer(_ step: JSONValue?) throws {
        guard let step, !step.isNull else { return }
        switch step["type"]?.string {
        case "Sequence":
            for part in step["normalizers"]?.array ?? [] { try readNormalizer(part) }
        case "Precompiled":
            guard let map = step["precompiled_charsmap"]?.string, let bytes = Data(base64Encoded: map) else {
                throw Self.problem("its map of characters is no Base64")
            }
            keys.characterMap = Array(bytes)
        // The form in transformers for removing spaces at the ends and repeated ones.
        case "Strip": keys.removesExtraSpaces = true
        case "Replace" where step["pattern"]?["Regex"]?.string == " {2,}": keys.removesExtraSpaces = true
        // The form in transformers for a leading space, and for the mark of spaces in pieces.
        case "Prepend" where step["prepend"]?.string == "\u{2581}": keys.addsSpacePrefix = true
        case "Replace" where step["pattern"]?["String"]?.string == " " && step["content"]?.string == "\u{2581}": break
        case let type:
            throw Self.problem("its normalizer has a step '\(type ?? "none")' that GGUF has no key for")
        }
    }

    private mutating func readPreTokenizer(_ step: JSONValue?) throws {
        guard let step, !step.isNull else { return }
        switch step["type"]?.string {
        case "Sequence":
            for part in step["pretokenizers"]?.array ?? [] { try readPreTokenizer(part) }
        case "WhitespaceSplit": keys.removesExtraSpaces = true
        case "Metaspace" where step["replacement"]?.string == "\u{2581}":
            // Older files have a flag.
            let flag = step["add_prefix_space"]?.bool ?? true
            keys.addsSpacePrefix = step["prepend_scheme"]?.string.map { $0 != "never" } ?? flag
        case let type:
            throw Self.problem("its pre-tokenizer has a step '\(type ?? "none")' that GGUF has no key for")
        }
    }

    func write(of files: TokenizerFiles, to metadata: inout Metadata) throws {
        metadata.set("tokenizer.ggml.model", .string("t5"))
        metadata.set("tokenizer.ggml.pre", .string("default"))
        metadata.set("tokenizer.ggml.tokens", .array(.string(try files.distinct(tokens))))
        metadata.set("tokenizer.ggml.scores", .array(.float32(scores)))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        keys.write(to: &metadata)
        try SpecialTokens(files, vocabularyCount: tokens.count).write(to: &metadata)
        try keys.writeDefaults(types: types, to: &metadata)
    }
}
