import BinaryIO
import GGUF
import SystemPackage

/// What a model is for besides writing text, which is told by other files than config.json.
///
/// The rules are the reference converter's: sentence-transformers' modules for embeddings, names for rerankers.
enum ModelPurpose: Sendable, Equatable {
    case text
    /// Its output are vectors, one for a text, pooled from those of its tokens in GGUF's way of this number.
    case embedding(pooling: UInt32)
    /// Its output are two scores: the rows of two tokens are all that is kept of the output.
    case reranking(yes: Int, no: Int)

    static let modules = "modules.json"
    /// GGUF's number for what rerankers do.
    static let rank: UInt32 = 4
    private static let modes: [(flag: String, name: String, pooling: UInt32)] = [
        ("pooling_mode_mean_tokens", "mean", 1), ("pooling_mode_cls_token", "cls", 2),
        ("pooling_mode_lasttoken", "lasttoken", 3),
    ]

    /// - Parameter name: the folder's or the repository's.
    /// - Throws: `ConversionProblem`.
    init(_ config: ModelConfig, in folder: FilePath, name: String?) throws {
        let family = try ModelFamilies.type(for: config)
        guard family?.readsPooling == true else {
            self = .text
            return
        }
        if family == Qwen3Family.self, try Self.isReranker(config, in: folder, name) {
            self = try Self.reranking(in: folder)
        } else {
            self = try Self.pooling(in: folder).map { .embedding(pooling: $0) } ?? .text
        }
    }

    private static func isReranker(_ config: ModelConfig, in folder: FilePath, _ name: String?) throws -> Bool {
        let hints = [name, config.json["_name_or_path"]?.string, config.json["model_type"]?.string]
        if hints.contains(where: { $0?.lowercased().contains("qwen3-reranker") == true }) { return true }
        guard let card = try HuggingFaceFolder.bytes("README.md", in: folder, limit: 1 << 24) else { return false }
        return String(decoding: card, as: UTF8.self).lowercased().contains("# qwen3-reranker")
    }

    private static func reranking(in folder: FilePath) throws -> ModelPurpose {
        let file = "tokenizer.json"
        guard let tokenizer = try HuggingFaceFolder.json(file, in: folder) else {
            throw ConversionProblem.missingFile(file)
        }
        func id(_ text: String) throws -> Int {
            let added = tokenizer["added_tokens"]?.array?.first { $0["content"]?.string == text }?["id"]?.integer
            guard let id = tokenizer["model"]?["vocab"]?[text]?.integer ?? added, id >= 0 else {
                throw ConversionProblem.invalidVocabulary(
                    file: file,
                    reason: "it has no token '\(text)', by which a reranker judges"
                )
            }
            return id
        }
        return .reranking(yes: try id("yes"), no: try id("no"))
    }

    // MARK: sentence-transformers

    private static func pooling(in folder: FilePath) throws -> UInt32? {
        guard let file = try poolingFile(in: folder) else { return nil }
        guard let settings = try HuggingFaceFolder.json(file, in: folder) else {
            throw ConversionProblem.missingFile(file)
        }
        if let mode = modes.first(where: { settings[$0.flag]?.bool == true }) { return mode.pooling }
        guard let mode = modes.first(where: { $0.name == settings["pooling_mode"]?.string }) else {
            throw ConversionProblem.invalidValue(
                file: file,
                key: "pooling_mode",
                expected: "one of mean, cls and lasttoken, which engines know,"
            )
        }
        return mode.pooling
    }

    /// Where the first module that pools has its settings.
    private static func poolingFile(in folder: FilePath) throws -> String? {
        let list = try HuggingFaceFolder.json(modules, in: folder)?.array ?? []
        guard let module = list.first(where: { $0["type"]?.string?.hasSuffix("Pooling") == true }) else { return nil }
        return FilePath(try path(of: module)).appending("config.json").string
    }

    /// The folder of a module; a path leads nowhere but into the model's.
    /// - Throws: `ConversionProblem.invalidValue`.
    static func path(of module: JSONValue) throws -> String {
        guard let path = module["path"]?.string, case let inner = FilePath(path), !inner.isAbsolute,
            inner.components.allSatisfy({ $0.kind == .regular })
        else {
            throw ConversionProblem.invalidValue(file: modules, key: "path", expected: "the name of a folder")
        }
        return path
    }

    /// What is read of a folder, for digests.
    static func poolingFiles(in folder: FilePath) -> [String] {
        ((try? poolingFile(in: folder)) ?? nil).map { [$0] } ?? []
    }

    // MARK: What becomes of it

    /// What stands in the file for a model of this purpose, behind the family's hyperparameters.
    func write(to metadata: inout Metadata, prefix: String) {
        switch self {
        case .text: break
        case .embedding(let pooling): metadata.set("\(prefix).pooling_type", .uint32(pooling))
        case .reranking:
            metadata.set("\(prefix).pooling_type", .uint32(Self.rank))
            metadata.set("\(prefix).classifier.output_labels", .array(.string(["yes", "no"])))
            metadata.set("tokenizer.chat_template.rerank", .string(Self.template))
            metadata.set("tokenizer.chat_templates", .array(.string(["rerank"])))
        }
    }

    /// The text that the published rerankers judge.
    private static let template = """
        <|im_start|>system
        Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the \
        answer can only be "yes" or "no".<|im_end|>
        <|im_start|>user
        <Instruct>: Given a web search query, retrieve relevant passages that answer the query
        <Query>: {query}
        <Document>: {document}<|im_end|>
        <|im_start|>assistant
        <think>

        </think>


        """

    /// What becomes of the matrix that gives the output, where not what it becomes of others.
    /// - Parameters:
    ///   - use: what the family makes of it.
    ///   - isTied: whether the token embeddings give the output.
    func use(of name: String, isTied: Bool, _ use: TensorUse) -> TensorUse {
        guard case .reranking(let yes, let no) = self else { return use }
        let scores = TensorUse.Output(name: "cls.output.weight", edit: TensorEdit(order: .picked([yes, no])))
        if !isTied, name.contains("lm_head") { return .tensors([scores]) }
        if isTied, name.contains("embed_tokens"), case .tensors(let outputs) = use {
            return .tensors([scores] + outputs)
        }
        return use
    }
}
