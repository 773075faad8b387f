import BinaryIO
import GGUF
import Safetensors
import SystemPackage

/// The dense matrices of sentence-transformers after an embedding model, each in its own folder.
///
/// The rules are the reference converter's: the folder `2_Dense` has the first matrix, any other the second.
struct DenseModules {
    struct Module {
        /// The name in GGUF, without an ending.
        let name: String
        let entry: SafetensorsCheckpoint.Entry
        /// The lengths of its input and its output, in elements.
        let lengths: (taken: Int, given: Int)
    }

    let modules: [Module]

    /// - Throws: `ConversionProblem` if there is none, if engines do not support dense modules of this family, or if a
    ///   module does more than multiply; `SafetensorsError`, `FileError`.
    init(_ folder: HuggingFaceFolder, _ family: any ModelFamily) throws {
        guard family is EmbeddingGemmaFamily else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "architectures",
                expected: "that of EmbeddingGemma, to which alone engines add dense modules,"
            )
        }
        modules = try Self.folders(in: folder.path).map { try Self.module(in: folder, $0) }
        guard !modules.isEmpty else {
            throw ConversionProblem.invalidValue(
                file: ModelPurpose.modules,
                key: "type",
                expected: "a module 'Dense' in some entry, whose folder holds model.safetensors,"
            )
        }
        guard Set(modules.map(\.name)).count == modules.count else {
            throw ConversionProblem.invalidValue(
                file: ModelPurpose.modules,
                key: "type",
                expected: "no more than two modules 'Dense'"
            )
        }
    }

    /// The names of the folders with such a matrix.
    private static func folders(in folder: FilePath) throws -> [String] {
        let list = try HuggingFaceFolder.json(ModelPurpose.modules, in: folder)?.array ?? []
        return try list.filter { $0["type"]?.string?.hasSuffix("Dense") == true }.compactMap { module in
            let path = try ModelPurpose.path(of: module)
            return fileIdentity(folder.appending(path).appending("model.safetensors")) == nil ? nil : path
        }
    }

    /// The files that are read, for digests.
    static func files(in folder: FilePath) -> [String] {
        ((try? folders(in: folder)) ?? []).flatMap { ["\($0)/config.json", "\($0)/model.safetensors"] }
    }

    private static func module(in folder: HuggingFaceFolder, _ path: String) throws -> Module {
        let file = "\(path)/config.json"
        guard let settings = try folder.json(file) else { throw ConversionProblem.missingFile(file) }
        func problem(_ key: String, _ expected: String) -> ConversionProblem {
            .invalidValue(file: file, key: key, expected: expected)
        }
        guard settings["bias"]?.bool != true else { throw problem("bias", "false: engines add none;") }
        guard settings["activation_function"]?.string?.hasSuffix("Identity") ?? true else {
            throw problem("activation_function", "Identity: engines compute no other;")
        }
        func length(_ key: String) throws -> Int {
            guard let length = settings[key]?.integer, (1...(1 << 20)).contains(length) else {
                throw problem(key, "a whole number from 1 to \(1 << 20)")
            }
            return length
        }
        let lengths = (taken: try length("in_features"), given: try length("out_features"))
        let entries = try SafetensorsCheckpoint(folder: folder.path.appending(path)).entries
        guard let entry = entries.first(where: { $0.tensor.name == "linear.weight" }) else {
            throw ConversionProblem.missingKey(file: "\(path)/model.safetensors", key: "linear.weight")
        }
        guard entry.tensor.shape == [lengths.given, lengths.taken] else {
            throw ConversionProblem.wrongShape(
                tensor: "\(path)/linear.weight",
                found: entry.tensor.shape,
                expected: "[\(lengths.given), \(lengths.taken)], as its config.json says,"
            )
        }
        return Module(name: path == "2_Dense" ? "dense_2" : "dense_3", entry: entry, lengths: lengths)
    }

    /// Writes the lengths of the rows.
    func write(to metadata: inout Metadata, prefix: String) {
        for module in modules {
            metadata.set("\(prefix).\(module.name)_feat_in", .uint32(UInt32(module.lengths.taken)))
            metadata.set("\(prefix).\(module.name)_feat_out", .uint32(UInt32(module.lengths.given)))
        }
    }
}
