import BinaryIO

/// The contents of a byte-level BPE tokenizer's files: tokenizer.json or, in older models, vocab.json and merges.txt.
struct ByteLevelSource {
    private static let file = "tokenizer.json"

    let vocabulary: JSONObject
    /// The merges, best first, in the older form of two texts with a space between.
    let merges: [String]
    let added: [(text: String, id: Int, isSpecial: Bool)]
    /// Returns the name of the pre-tokenizer, given the family's own name for it.
    let preTokenizer: (_ familyName: String?) throws -> String

    /// - Returns: nil if the files are missing.
    /// - Throws: `ConversionProblem`.
    static func read(_ files: TokenizerFiles) throws -> ByteLevelSource? {
        try files.tokenizer.map { try ByteLevelSource($0) } ?? ByteLevelSource(older: files)
    }

    private init(_ tokenizer: JSONValue) throws {
        guard let vocabulary = tokenizer["model"]?["vocab"]?.object else {
            throw ConversionProblem.missingKey(file: Self.file, key: "model.vocab")
        }
        self.vocabulary = vocabulary
        // A space inside a part would split it; byte-level alphabets encode it as another character.
        merges = try Self.merges(tokenizer).map { left, right in
            [left, right].map { $0.replacing(" ", with: "\u{120}") }.joined(separator: " ")
        }
        added = try (tokenizer["added_tokens"]?.array ?? []).map { entry in
            guard let text = entry["content"]?.string, let id = entry["id"]?.integer, id >= 0 else {
                throw ConversionProblem.invalidVocabulary(
                    file: Self.file,
                    reason: "an added token has no text or no id"
                )
            }
            return (text, id, entry["special"]?.bool ?? false)
        }
        preTokenizer = { try PreTokenizerNames.name(for: tokenizer, preferring: $0) }
    }

    /// The merges of tokenizer.json, best first.
    static func merges(_ tokenizer: JSONValue) throws -> [(left: String, right: String)] {
        guard let merges = tokenizer["model"]?["merges"]?.array else {
            throw ConversionProblem.missingKey(file: file, key: "model.merges")
        }
        return try merges.map { merge in
            let texts = merge.string.map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
            guard let pair = texts ?? merge.array?.compactMap(\.string), pair.count == 2 else {
                throw ConversionProblem.invalidVocabulary(file: file, reason: "a merge is not a pair of texts")
            }
            return (pair[0], pair[1])
        }
    }

    // MARK: Older files

    /// The pre-tokenizers of transformers' classes, which the files do not name.
    private static let preTokenizers = ["GPT2Tokenizer": "gpt-2", "Qwen2Tokenizer": "qwen2"]

    private init?(older files: TokenizerFiles) throws {
        guard let vocabulary = try files.folder.json("vocab.json")?.object,
            let merges = try Self.lines(of: "merges.txt", in: files.folder)
        else { return nil }
        self.vocabulary = vocabulary
        // The first line may contain a version; other lines that are not a pair are skipped, as in the reference.
        self.merges = merges.enumerated().filter { $0 > 0 || !$1.hasPrefix("#") }.compactMap { _, line in
            let parts = line.split(whereSeparator: \.isWhitespace)
            return parts.count == 2 ? parts.joined(separator: " ") : nil
        }
        added = try Self.added(files)
        preTokenizer = { familyName in
            let kind = files.settings?["tokenizer_class"]?.string ?? "GPT2Tokenizer"
            guard let name = Self.preTokenizers[kind.replacing("Fast", with: "")] else {
                throw PreTokenizerNames.unknown("what the class \(kind) does")
            }
            return familyName ?? name
        }
    }

    private static func lines(of name: String, in folder: HuggingFaceFolder) throws -> [Substring]? {
        guard let bytes = try folder.bytes(name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConversionProblem.invalidVocabulary(file: name, reason: "it is not valid UTF-8")
        }
        return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }

    /// The added tokens, from tokenizer_config.json or a separate file.
    private static func added(_ files: TokenizerFiles) throws -> [(text: String, id: Int, isSpecial: Bool)] {
        let listed = files.settings?["added_tokens_decoder"]?.object?.members.map { id, entry in
            (entry["content"]?.string, Int(id), entry["special"]?.bool ?? false)
        }
        let others = try files.folder.json("added_tokens.json")?.object?.members
        return try (listed ?? others?.map { text, id in (text, id.integer, false) } ?? []).map { text, id, isSpecial in
            guard let text, let id, id >= 0 else {
                throw ConversionProblem.invalidVocabulary(
                    file: "tokenizer_config.json",
                    reason: "an added token has no text or no id"
                )
            }
            return (text, id, isSpecial)
        }
    }
}
