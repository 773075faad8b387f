import BinaryIO
import Foundation
import Safetensors
import SystemPackage

/// A model as the Hugging Face Hub stores it: a folder with configuration, tokenizer and weights.
public struct HuggingFaceFolder: Sendable {
    /// The folder.
    public let path: FilePath
    /// The Hub's name of the model, `owner/name`; nil for a local model. The folder of a Hub model is named after its
    /// commit.
    public let repository: String?
    /// Its weights.
    public let checkpoint: SafetensorsCheckpoint
    private(set) var config: ModelConfig
    /// The folder of the tokenizer, if it is not the model's own.
    private var tokenizerFolder: FilePath?

    /// The largest JSON file, in bytes; a tokenizer of a million tokens is smaller.
    private static let jsonLimit = 256 << 20

    /// - Throws: `FileError`, `SafetensorsError`, `ConversionError`.
    public init(path: FilePath, repository: String? = nil) throws {
        self.path = path
        self.repository = repository
        var config: ModelConfig
        do {
            if FileStatus(path)?.isFolder == false { throw ConversionProblem.fileInPlaceOfFolder }
            guard let json = try Self.json(ModelConfig.file, in: path) else {
                let isAdapter = fileIdentity(path.appending(AdapterConfig.file)) != nil
                throw isAdapter
                    ? ConversionProblem.adapterInPlaceOfModel : ConversionProblem.missingFile(ModelConfig.file)
            }
            config = try ModelConfig(json)
            config.purpose = try ModelPurpose(config, in: path, name: Self.name(of: path, repository))
            config.generation = try Self.json("generation_config.json", in: path)
        } catch let problem as ConversionProblem {
            throw ConversionError(path: path, problem: problem)
        }
        checkpoint = try SafetensorsCheckpoint(folder: path)
        config.predictorCount = PredictorNames.layerCount(checkpoint.entries.lazy.map(\.tensor.name))
        self.config = config
    }

    /// The model's name: the folder's, or the repository's if it came from the Hub, because a commit is not
    /// informative.
    var name: String? { Self.name(of: path, repository) }

    private static func name(of path: FilePath, _ repository: String?) -> String? {
        repository?.split(separator: "/").last.map(String.init) ?? path.lexicallyNormalized().lastComponent?.string
    }

    /// Every file that the conversion reads, for digests.
    public var inputs: [FilePath] {
        let names =
            [
                ModelConfig.file, "generation_config.json", "tokenizer.model", "tokenizer.json",
                "tokenizer_config.json",
                "added_tokens.json", MultilingualVocabulary.file, "vocab.json", "merges.txt", "chat_template.jinja",
                "chat_template.json",
                "model.safetensors.index.json", "README.md", ModelPurpose.modules,
            ] + ModelPurpose.poolingFiles(in: path) + DenseModules.files(in: path)
        let folder = "additional_chat_templates"
        let templates = ((try? fileNames(in: folder)) ?? []).map { "\(folder)/\($0)" }
        return (names + templates).map { path.appending($0) }.filter { fileIdentity($0) != nil } + checkpoint.files
    }

    /// Every file that the conversion of the projector reads.
    public var projectorInputs: [FilePath] {
        let names = [ModelConfig.file, "generation_config.json", "model.safetensors.index.json", "README.md"]
        return names.map { path.appending($0) }.filter { fileIdentity($0) != nil } + processorInputs + checkpoint.files
    }

    /// The settings for preprocessing pictures and sounds, which only the projector's conversion reads.
    public var processorInputs: [FilePath] {
        ProcessorConfig.files.map { path.appending($0) }.filter { fileIdentity($0) != nil }
    }

    /// The files of a tokenizer, which must all come from one folder.
    static let tokenizerFiles: Set<String> = [
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "added_tokens.json", "vocab.json", "merges.txt",
        "special_tokens_map.json", "chat_template.jinja", "chat_template.json",
    ]

    /// The model with the tokenizer of another folder.
    func takingTokenizer(of folder: FilePath) -> HuggingFaceFolder {
        var other = self
        other.tokenizerFolder = folder
        return other
    }

    /// The model with another number of tokens in its config.json.
    func counting(tokens: Int) -> HuggingFaceFolder {
        var other = self
        other.config = config.setting("vocab_size", to: tokens)
        return other
    }

    private func place(of name: String) -> FilePath {
        Self.tokenizerFiles.contains(name) ? tokenizerFolder ?? path : path
    }

    /// The parsed file; nil if it does not exist.
    func json(_ name: String) throws -> JSONValue? { try Self.json(name, in: place(of: name)) }

    /// The file's bytes; nil if it does not exist.
    func bytes(_ name: String) throws -> [UInt8]? { try Self.bytes(name, in: place(of: name)) }

    /// The names of the files in a subfolder, sorted; empty if it does not exist.
    func fileNames(in name: String) throws -> [String] {
        let inner = path.appending(name)
        guard FileStatus(inner)?.isFolder == true else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: inner.string).sorted()
    }

    /// The parsed file of any folder; nil if it does not exist.
    /// - Parameter limit: the limit in bytes; a longer file is rejected.
    static func json(_ name: String, in path: FilePath, limit: Int = jsonLimit) throws -> JSONValue? {
        guard let bytes = try bytes(name, in: path, limit: limit) else { return nil }
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw ConversionProblem.invalidJSON(file: name, reason: "\(error)")
        }
    }

    static func bytes(_ name: String, in path: FilePath, limit: Int = jsonLimit) throws -> [UInt8]? {
        let file = path.appending(name)
        guard fileIdentity(file) != nil else { return nil }
        let bytes = try readFile(file, limit: limit)
        // Texts for people may have any content.
        if file.extension != "md", file.extension != "jinja", let content = ForeignContent(bytes) {
            throw ConversionProblem.foreignContent(file: "'\(name)'", content)
        }
        return bytes
    }
}
