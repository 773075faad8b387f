import BinaryIO
import SystemPackage

extension HubListing {
    private static let required: Set = [
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
        "added_tokens.json", "sentencepiece.bpe.model", "merges.txt", "chat_template.json", "chat_template.jinja",
        "adapter_config.json", "adapter_model.safetensors",
    ]
    /// Optional files, downloaded if they exist: a model converts without them, but with less metadata.
    private static let welcome: Set = [
        "README.md", "special_tokens_map.json", "vocab.json", "preprocessor_config.json", "processor_config.json",
    ]
    /// The pooling of an embedding model in the form of sentence-transformers: a list of modules, and the settings of
    /// the pooling module.
    private static let modules = "modules.json"
    private static let pooling = "Pooling/config.json"
    private static let dense = ["Dense/config.json", "Dense/model.safetensors"]
    private static let templates = "additional_chat_templates/"

    /// The repository's files that a conversion requires: configuration, vocabulary, and weights in one format. Weights
    /// in other formats are not downloaded; shards are found through their index.
    var requiredFiles: [HubFile] {
        let weights = weights
        return files.filter { Self.required.contains($0.path) || weights.contains($0.path) }
    }

    /// The files of weights to download, or their index: safetensors, or pickles if there are none.
    private var weights: Set<String> {
        let names = Set(files.map(\.path))
        let order = [WeightsIndex.file, "model.safetensors", Self.pickle, WeightsIndex.ofPickles]
        if let first = order.first(where: names.contains) { return [first] }
        return names.filter { $0.wholeMatch(of: /pytorch_model-\d{5}-of-\d{5}\.bin/) != nil }
    }

    private static let pickle = "pytorch_model.bin"

    /// Whether the weights were written by `torch.save`.
    var holdsPickles: Bool { weights.contains { $0.hasPrefix("pytorch_model") } }

    /// The files to download, without shards.
    var wantedFiles: [HubFile] {
        requiredFiles
            + files.filter { file in
                Self.welcome.contains(file.path)
                    || file.path == Self.modules
                    || ([Self.pooling] + Self.dense).contains(where: file.path.hasSuffix)
                        && file.path.count(where: { $0 == "/" }) == 1
                    || file.path.hasPrefix(Self.templates) && file.path.hasSuffix(".jinja")
                        && file.path.count(where: { $0 == "/" }) == 1
            }
    }

    /// The obstacle to a conversion that the listing alone reveals, so that nothing is downloaded in vain.
    func obstacle(in repository: String) -> ModelHubError? {
        let names = Set(files.map(\.path))
        let isAdapter = names.contains("adapter_config.json") && names.contains("adapter_model.safetensors")
        if isAdapter { return nil }
        guard !weights.isEmpty else {
            let others = names.filter { name in [".bin", ".pth", ".pt", ".gguf"].contains { name.hasSuffix($0) } }
            return .noSafetensors(repository: repository, instead: others.min())
        }
        guard names.contains("config.json") else {
            return .missingFile(repository: repository, file: "config.json")
        }
        return nil
    }
}

/// The map from tensors to shards, `model.safetensors.index.json`; only the shards' names are used here.
struct WeightsIndex {
    static let file = "model.safetensors.index.json"
    static let ofPickles = "pytorch_model.bin.index.json"
    /// The names of indexes; the first that a repository has is read.
    static let files = [file, ofPickles]
    /// The largest index, in bytes; a million tensors with long names need less.
    private static let byteLimit = 256 << 20

    let shards: [String]

    /// - Throws: `FileError`, or `ModelHubError` if the file names no shards.
    init(path: FilePath) throws {
        let document = try? JSONValue(parsing: try readFile(path, limit: Self.byteLimit))
        let names = Set((document?["weight_map"]?.object?.members ?? []).compactMap(\.value.string))
        guard !names.isEmpty, names.allSatisfy({ HubFile.isSafe($0) && !$0.contains("/") }) else {
            throw ModelHubError.badIndex(path)
        }
        shards = names.sorted()
    }
}
