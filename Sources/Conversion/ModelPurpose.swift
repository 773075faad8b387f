import BinaryIO
import GGUF
import SystemPackage

/// The purpose of a model besides generating text, which other files than config.json define.
///
/// The rules are the reference converter's: sentence-transformers' modules for embeddings, names for rerankers.
enum ModelPurpose: Sendable, Equatable {
    case text
    /// The output is one vector per text, pooled from its tokens' vectors; the number is GGUF's pooling type.
    case embedding(pooling: UInt32)
    /// The output is two scores: only the output rows of two tokens are kept.
    case reranking(yes: Int, no: Int)

    static let modules = "modules.json"
    /// GGUF's pooling type for rerankers.
    static let rank: UInt32 = 4
    private static let modes: [(flag: String, name: String, pooling: UInt32)] = [
        ("pooling_mode_mean_tokens", "mean", 1), ("pooling_mode_cls_token", "cls", 2),
        ("pooling_mode_lasttoken", "lasttoken", 3),
    ]

    /// - Parameter name: the name of the folder or the repository.
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

    /// The path of the settings of the first pooling module.
    private static func poolingFile(in folder: FilePath) throws -> String? {
        let list = try HuggingFaceFolder.json(modules, in: folder)?.array ?? []
        guard let module = list.first(where: { $0["type"]?.string?.hasSuffix("Pooling") == true }) else { return nil }
        return FilePath(try path(of: module)).appending("config.json").string
    }

    /// The folder of a module, which must be inside the model's folder.
    /// - Throws: `ConversionProblem.invalidValue`.
    static func path(of module: JSONValue) throws -> String {
        guard let path = module["path"]?.string, case let inner = FilePath(path), !inner.isAbsolute,
            inner.components.allSatisfy({ $0.kind == .regular })
        else {
            throw ConversionProblem.invalidValue(file: modules, key: "path", expected: "the name of a folder")
        }
        return path
    }

    /// The files that are read, for digests.
    static func poolingFiles(in folder: FilePath) -> [String] {
        ((try? poolingFile(in: folder)) ?? nil).map { [$0] } ?? []
    }

    // MARK: Output

    /// Writes the keys for this purpose, after the family's hyperparameters.
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

    /// The prompt of the published rerankers.
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

    /// The use of the output matrix, if the purpose changes it.
    /// - Parameters:
    ///   - use: the use by the family.
    ///   - isTied: whether the token embeddings are the output matrix.
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
