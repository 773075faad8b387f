import BinaryIO
import GGUF
import Safetensors
import SystemPackage

/// The number of tokens of a converted model, and the tokenizer that names them. An adapter may enlarge both, and
/// padding may be requested.
struct VocabularySize {
    /// The model's folder, with these changes.
    private(set) var folder: HuggingFaceFolder
    /// The number of rows of matrices with a row for each token; nil leaves them unchanged.
    private(set) var rows: Int?

    /// Tensors of the output with a row, or an element, for each token.
    private static let tables: Set<String> = [
        "token_embd.weight", "per_layer_token_embd.weight", "output.weight", "output.bias",
    ]

    static func holdsTokens(_ ggufName: String) -> Bool { tables.contains(ggufName) }

    /// A matrix, and its number of rows after the replacements by adapters.
    private struct Table {
        let name: String
        let own: Int
        let rows: Int
    }

    /// - Throws: `FileError`, `ConversionProblem`.
    init(_ folder: HuggingFaceFolder, _ adapters: [LowRankAdapter], _ padding: VocabularyPadding?) throws {
        self.folder = folder
        let brought = adapters.last { $0.bringsTokenizer }
        let isReplaced = adapters.contains { $0.replacements.keys.contains(where: AdapterBase.holdsVocabulary) }
        guard padding != nil || isReplaced || brought != nil else { return }
        let tables = try Self.tables(of: folder, adapters)
        guard let first = tables.first else { return }
        let hasGrown = tables.contains { $0.rows != $0.own }
        let own = try TokenCount.of(folder)
        var tokens = own
        if let brought, case let other = folder.takingTokenizer(of: brought.folder),
            case let count = try TokenCount.of(other), hasGrown || count > own
        {
            (self.folder, tokens) = (other, count)
        } else if hasGrown, padding == nil, first.rows > max(own, first.own) {
            throw ConversionProblem.grownWithoutTokenizer(tensor: first.name, rows: first.rows, tokens: own)
        }
        if let padding {
            let named = try folder.config.integer("vocab_size") ?? 0
            let count = try padding.count(of: max(tokens, named, tables.map(\.rows).max() ?? 0))
            (rows, self.folder) = (count, self.folder.counting(tokens: count))
            return
        }
        guard hasGrown || tokens != own else { return }
        if let other = tables.first(where: { $0.rows != first.rows }) {
            throw ConversionProblem.unevenVocabulary(first.name, first.rows, other: other.name, other.rows)
        }
        guard tokens <= first.rows else { throw ConversionProblem.tokensBeyondRows(tokens: tokens, rows: first.rows) }
        if hasGrown { (rows, self.folder) = (first.rows, self.folder.counting(tokens: first.rows)) }
    }

    private static func tables(of folder: HuggingFaceFolder, _ adapters: [LowRankAdapter]) throws -> [Table] {
        let family = try ModelFamilies.family(for: folder.config)
        return folder.checkpoint.entries.compactMap { entry in
            guard entry.tensor.shape.count == 2, !entry.tensor.name.contains("layers."),
                let name = TensorNames.ofTextModel(entry.tensor.name),
                case .tensors(let outputs)? = try? family.use(of: name),
                let output = outputs.first?.name, output == "token_embd.weight" || output == "output.weight"
            else { return nil }
            let other = adapters.compactMap { $0.replacements[name] }.last
            let own = entry.tensor.shape[0]
            return Table(name: name, own: own, rows: other?.tensor.shape[0] ?? own)
        }
    }

    /// Adds names for rows without a token, as the reference does: unused tokens, which no text is encoded to.
    static func pad(_ metadata: inout Metadata, to count: Int) throws {
        let key = "tokenizer.ggml."
        guard case .array(.string(var tokens))? = metadata[key + "tokens"] else { return }
        guard tokens.count <= count else {
            throw ConversionProblem.tokensBeyondRows(tokens: tokens.count, rows: count)
        }
        let missing = count - tokens.count
        guard missing > 0 else { return }
        tokens += (tokens.count..<count).map { "[PAD\($0)]" }
        metadata.set(key + "tokens", .array(.string(tokens)))
        if case .array(.float32(let scores))? = metadata[key + "scores"] {
            metadata.set(key + "scores", .array(.float32(scores + Array(repeating: -10_000, count: missing))))
        }
        if case .array(.int32(let types))? = metadata[key + "token_type"] {
            metadata.set(key + "token_type", .array(.int32(types + Array(repeating: 5, count: missing))))
        }
    }
}

/// The number of tokens in a tokenizer's files: one more than the largest id.
enum TokenCount {
    /// - Throws: `FileError`, `ConversionProblem`.
    static func of(_ folder: HuggingFaceFolder) throws -> Int {
        let files = try TokenizerFiles(folder)
        var largest = -1
        func see(_ id: Int?) { if let id, id < 1 << 24 { largest = max(largest, id) } }
        let model = files.tokenizer?["model"]?["vocab"]
        for (_, id) in model?.object?.members ?? [] { see(id.integer) }
        see(model?.array.map { $0.count - 1 })
        for entry in files.tokenizer?["added_tokens"]?.array ?? [] { see(entry["id"]?.integer) }
        for (_, id) in try folder.json("added_tokens.json")?.object?.members ?? [] { see(id.integer) }
        for (id, _) in files.settings?["added_tokens_decoder"]?.object?.members ?? [] { see(Int(id)) }
        if files.tokenizer == nil {
            for (_, id) in try folder.json("vocab.json")?.object?.members ?? [] { see(id.integer) }
        }
        if let bytes = try folder.bytes(SentencePieceModel.file) {
            see(try SentencePieceModel(parsing: bytes).pieces.count - 1)
        }
        return largest + 1
    }
}
