import BinaryIO
import GGUF
import Tokenizers

/// A SentencePiece vocabulary with its added tokens, as GGUF stores it.
struct SentencePieceVocabulary {
    private(set) var tokens: [String]
    private(set) var scores: [Float]
    private(set) var types: [Vocabulary.TokenType]
    private let model: SentencePieceModel

    /// - Parameter marksSpecialLooking: whether an added token that only looks special (`<|end|>`) counts as special,
    ///   and added tokens get plain spaces; the reference does so for all families except Phi-3.
    /// - Throws: `ConversionProblem`.
    init(_ files: TokenizerFiles, marksSpecialLooking: Bool) throws {
        guard let bytes = try files.folder.bytes(SentencePieceModel.file) else {
            throw ConversionProblem.missingFile(SentencePieceModel.file)
        }
        model = try SentencePieceModel(parsing: bytes)
        guard model.algorithm == .bytePairs || model.algorithm == .unigram else {
            throw ConversionProblem.invalidVocabulary(
                file: SentencePieceModel.file,
                reason: "its pieces are \(model.algorithm), and only byte pairs and Unigram are known"
            )
        }
        let pieces = model.pieces
        let count = try files.folder.config.integer("vocab_size") ?? pieces.count
        guard count <= 1 << 24 else {
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: "vocab_size", expected: "2^24 or less")
        }
        tokens = (0..<count).map { "[PAD\($0)]" }
        scores = Array(repeating: -10_000, count: count)
        types = Array(repeating: .unused, count: count)
        for (id, piece) in pieces.prefix(count).enumerated() {
            tokens[id] = piece.text
            scores[id] = piece.score
            types[id] = type(of: piece)
        }
        try addTokens(of: files, marksSpecialLooking: marksSpecialLooking)
    }

    private func type(of piece: SentencePieceModel.Piece) -> Vocabulary.TokenType {
        switch piece.type {
        case .normal: .normal
        // The reference treats the trainer's user-defined pieces as normal ones. With byte pairs their scores
        // compensate for that; with Unigram they would not.
        case .userDefined: model.algorithm == .unigram ? .userDefined : .normal
        case .unknown: .unknown
        case .control: .control
        case .unused: .unused
        case .byte: .byte
        }
    }

    /// Adds the tokens of the three files that may have some; later files take precedence.
    private mutating func addTokens(of files: TokenizerFiles, marksSpecialLooking: Bool) throws {
        let listed = try files.folder.json("added_tokens.json")?.object?.members ?? []
        try SpecialTokens.refuseSharedIDs(
            listed.compactMap { text, id in id.integer.map { (text, $0) } },
            file: "added_tokens.json"
        )
        for (text, id) in listed {
            add(text, id: id.integer, .userDefined)
        }
        for (id, entry) in files.settings?["added_tokens_decoder"]?.object?.members ?? [] {
            guard let text = entry["content"]?.string else {
                throw ConversionProblem.missingKey(file: "tokenizer_config.json", key: "content")
            }
            add(text, id: Int(id), isSpecial: entry["special"]?.bool ?? false, marksSpecialLooking)
        }
        // The reference reads this file for Phi-3 only.
        guard !marksSpecialLooking else { return }
        for entry in files.tokenizer?["added_tokens"]?.array ?? [] {
            guard let text = entry["content"]?.string else {
                throw ConversionProblem.missingKey(file: "tokenizer.json", key: "content")
            }
            add(text, id: entry["id"]?.integer, isSpecial: entry["special"]?.bool ?? false, marksSpecialLooking)
        }
    }

    private mutating func add(_ text: String, id: Int?, isSpecial: Bool, _ marksSpecialLooking: Bool) {
        if isSpecial || (marksSpecialLooking && SpecialTokens.looksSpecial(text)) {
            add(text, id: id, .control)
        } else {
            add(marksSpecialLooking ? SpecialTokens.withPlainSpaces(text) : text, id: id, .userDefined)
        }
    }

    /// Adds a token. An id beyond the vocabulary is left out, as in the reference, because the weights have no row for
    /// it.
    private mutating func add(_ text: String, id: Int?, _ type: Vocabulary.TokenType) {
        guard let id, tokens.indices.contains(id) else { return }
        tokens[id] = text
        scores[id] = -1000
        types[id] = type
    }

    func write(of files: TokenizerFiles, to metadata: inout Metadata) throws {
        let isUnigram = model.algorithm == .unigram
        metadata.set("tokenizer.ggml.model", .string(isUnigram ? "t5" : "llama"))
        metadata.set("tokenizer.ggml.pre", .string("default"))
        metadata.set("tokenizer.ggml.tokens", .array(.string(try files.distinct(tokens))))
        metadata.set("tokenizer.ggml.scores", .array(.float32(scores)))
        metadata.set("tokenizer.ggml.token_type", .array(.int32(types.map(\.rawValue))))
        if isUnigram { UnigramKeys(model).write(to: &metadata) }
        try SpecialTokens(files, vocabularyCount: tokens.count).write(to: &metadata)
        if isUnigram { try UnigramKeys(model).writeDefaults(types: types, to: &metadata) }
    }
}
