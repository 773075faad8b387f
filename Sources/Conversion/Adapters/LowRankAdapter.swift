import BinaryIO
import Safetensors
import SystemPackage

/// An adapter in PEFT's format: a folder with `adapter_config.json` and `adapter_model.safetensors`.
struct LowRankAdapter: Sendable {
    static let weights = "adapter_model.safetensors"
    private static let configLimit = 1 << 24

    /// The updates by the names of their weights.
    let updates: [String: LowRankUpdate]
    /// Whole tensors that replace the base model's, by name.
    let replacements: [String: SafetensorsCheckpoint.Entry]
    /// The names of the updated weights, in the order of the file.
    let order: [String]
    let folder: FilePath
    let name: String
    let alpha: Double

    /// Whether the folder also contains the tokenizer of the training.
    var bringsTokenizer: Bool {
        ["tokenizer.json", "tokenizer.model", "vocab.json"].contains { fileIdentity(folder.appending($0)) != nil }
    }

    /// - Throws: `FileError`, `SafetensorsError`, `ConversionError`.
    init(_ reference: AdapterReference) throws {
        folder = reference.folder
        name = reference.name
        let path = folder.appending(Self.weights)
        do {
            if reference.isFile { throw ConversionProblem.adapterFileForFolder }
            if FileStatus(folder)?.isFolder == false { throw ConversionProblem.fileInPlaceOfFolder }
            guard let json = try HuggingFaceFolder.json(AdapterConfig.file, in: folder, limit: Self.configLimit) else {
                throw ConversionProblem.missingFile(AdapterConfig.file)
            }
            // MLX writes a file of the same name with other keys.
            if json["peft_type"] == nil, json["lora_parameters"] != nil || json["fine_tune_type"] != nil {
                throw ConversionProblem.foreignAdapterFormat("MLX")
            }
            let config = try AdapterConfig(json)
            guard fileIdentity(path) != nil else { throw Self.missingWeights(in: folder) }
            let collected = try AdapterTensors(SafetensorsFile(path: path))
            replacements = collected.replacements
            order = collected.order
            updates = try collected.updates(config, scale: reference.scale)
            alpha = config.alpha
        } catch let problem as ConversionProblem {
            throw ConversionError(path: folder, problem: problem)
        }
    }

    private static func missingWeights(in folder: FilePath) -> ConversionProblem {
        func has(_ name: String) -> Bool { fileIdentity(folder.appending(name)) != nil }
        if has("adapter_model.bin") { return .pickledAdapter("adapter_model.bin") }
        return has("adapters.safetensors") ? .foreignAdapterFormat("MLX") : .missingFile(weights)
    }

    /// Checks every change against its weight.
    /// - Throws: `ConversionError` unless each change belongs to a weight of the base model, has its shape, and affects
    ///   the output.
    func check(against base: AdapterBase) throws {
        do {
            for name in Set(updates.keys).union(replacements.keys).sorted() { try check(name, against: base) }
        } catch let problem as ConversionProblem {
            throw ConversionError(path: folder, problem: problem)
        }
    }

    /// Whether the output matrix is saved although the model uses its embeddings as the output: PEFT saves both if the
    /// vocabulary of such a model grew.
    func repeatsEmbeddings(_ name: String) -> Bool {
        guard name.hasSuffix("lm_head.weight"), updates[name] == nil, let head = replacements[name],
            let table = replacements.first(where: { $0.key.hasSuffix("embed_tokens.weight") })?.value,
            head.tensor.shape == table.tensor.shape, head.tensor.type == table.tensor.type
        else { return false }
        return head.bytes.elementsEqual(table.bytes)
    }

    private func check(_ name: String, against base: AdapterBase) throws {
        if base.shapes[name] == nil, repeatsEmbeddings(name) { return }
        guard let shape = base.shapes[name] else { throw ConversionProblem.foreignAdapter(tensor: name) }
        guard ![.leftOut, .leftOutIfZero].contains(try base.family.use(of: name)) else {
            throw ConversionProblem.lostUpdate(tensor: name, architecture: type(of: base.family).ggufName)
        }
        let other = replacements[name]?.tensor
        func check(_ tensor: String, _ found: [Int], _ expected: [Int]) throws {
            guard found != expected else { return }
            if AdapterBase.holdsVocabulary(name), found.count == 2, found.last == expected.last {
                // The size of the vocabulary decides which rows belong together.
                if tensor == other?.name { return }
                throw ConversionProblem.grownVocabulary(tensor: tensor, tokens: found[0], base: expected[0])
            }
            throw ConversionProblem.otherBase(tensor: tensor, found: found, expected: expected)
        }
        if let other { try check(other.name, other.shape, shape) }
        if let update = updates[name] {
            let isTurned = try base.family.edit(of: name).order == .transposed
            let shape = other?.shape ?? shape
            try check(update.b.tensor.name, update.shape, isTurned ? shape.reversed() : shape)
        }
    }
}

/// The weights of a text model that adapters are checked against, and what its family makes of them.
struct AdapterBase {
    let family: any ModelFamily
    /// Shapes by the names that the family uses.
    let shapes: [String: [Int]]

    /// - Parameter isWeight: returns false for tensors that only scale others.
    init(_ folder: HuggingFaceFolder, _ family: any ModelFamily, isWeight: (String) -> Bool = { _ in true }) {
        self.family = family
        let entries = folder.checkpoint.entries.filter { isWeight($0.tensor.name) }
        let pairs = entries.compactMap { entry in
            TensorNames.ofTextModel(entry.tensor.name).map { ($0, entry.tensor.shape) }
        }
        shapes = Dictionary(pairs) { first, _ in first }
    }

    /// Whether a matrix has a row for each token.
    static func holdsVocabulary(_ name: String) -> Bool {
        ["embed_tokens.weight", "lm_head.weight", "wte.weight"].contains(where: name.hasSuffix)
    }
}

/// The tensors of an adapter, grouped by purpose.
private struct AdapterTensors {
    private struct Pair {
        var a: SafetensorsCheckpoint.Entry?
        var b: SafetensorsCheckpoint.Entry?
        var magnitude: SafetensorsCheckpoint.Entry?
        var isOfEmbeddings = false
    }

    private enum Part { case a, b, magnitude, replacement, ignored }

    /// The endings of names, their meanings, and the endings of the base model's names in their place.
    private static let endings: [(ending: String, part: Part, replacement: String)] = [
        (".lora_A.weight", .a, ".weight"), (".lora_B.weight", .b, ".weight"),
        (".lora_embedding_A", .a, ".weight"), (".lora_embedding_B", .b, ".weight"),
        (".lora_magnitude_vector", .magnitude, ".weight"), (".lora_magnitude_vector.weight", .magnitude, ".weight"),
        (".modules_to_save.weight", .replacement, ".weight"), (".base_layer.weight", .replacement, ".weight"),
        (".original_module.weight", .ignored, ".weight"),
        (".weight", .replacement, ".weight"), (".bias", .replacement, ".bias"),
    ]
    private static let prefix = "base_model.model."

    private var pairs: [String: Pair] = [:]
    private(set) var replacements: [String: SafetensorsCheckpoint.Entry] = [:]
    private(set) var order: [String] = []

    init(_ file: SafetensorsFile) throws {
        for tensor in file.tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            let entry = SafetensorsCheckpoint.Entry(file: file, tensor: tensor)
            guard let (ending, part, end) = Self.endings.first(where: { tensor.name.hasSuffix($0.ending) }),
                !tensor.name.contains(".lora_B.bias")
            else { throw ConversionProblem.unsupportedAdapter("nothing is known of its tensor '\(tensor.name)'") }
            guard WeightDecoder.reads(tensor.type) else {
                throw ConversionProblem.unsupportedElementType(tensor: tensor.name, type: tensor.type.rawValue)
            }
            if let place = NonFinite.first(in: entry.bytes, tensor.type) {
                throw ConversionProblem.notFinite(tensor: tensor.name, element: place)
            }
            let whole = String(tensor.name.dropLast(ending.count)) + end
            // The vision and audio parts are left out of the model too.
            guard let name = TensorNames.ofTextModel(whole.replacing(Self.prefix, with: "")) else { continue }
            switch part {
            case .ignored: continue
            case .replacement: replacements[name] = entry
            case .a, .b, .magnitude:
                if pairs[name] == nil { order.append(name) }
                var pair = pairs[name] ?? Pair()
                pair.isOfEmbeddings = pair.isOfEmbeddings || ending.hasPrefix(".lora_embedding")
                switch part {
                case .a: pair.a = entry
                case .b: pair.b = entry
                default: pair.magnitude = entry
                }
                pairs[name] = pair
            }
        }
        guard pairs.isEmpty, replacements.isEmpty else { return }
        throw ConversionProblem.unsupportedAdapter(
            file.tensors.isEmpty ? "it has no tensors" : "it changes only what sees or hears, which a text model lacks"
        )
    }

    /// - Parameter scale: an additional factor of every update.
    func updates(_ config: AdapterConfig, scale: Float) throws -> [String: LowRankUpdate] {
        var updates: [String: LowRankUpdate] = [:]
        for (name, pair) in pairs {
            guard let a = pair.a, let b = pair.b else {
                throw ConversionProblem.unsupportedAdapter("one of the two matrices for '\(name)' is missing")
            }
            let (first, second) = (a.tensor.shape, b.tensor.shape)
            guard first.count == 2, second.count == 2, first[0] == second[1], first[0] > 0 else {
                throw ConversionProblem.wrongShape(
                    tensor: b.tensor.name,
                    found: second,
                    expected: "a match of \(first)"
                )
            }
            guard config.usesMagnitudes == (pair.magnitude != nil), pair.magnitude == nil || !pair.isOfEmbeddings else {
                throw ConversionProblem.unsupportedAdapter("the magnitudes for '\(name)' do not go with 'use_dora'")
            }
            if let magnitude = pair.magnitude?.tensor, magnitude.shape.reduce(1, *) != second[0] {
                throw ConversionProblem.wrongShape(
                    tensor: magnitude.name,
                    found: magnitude.shape,
                    expected: "\(second[0]) elements"
                )
            }
            // With magnitudes (DoRA) too, the scale only multiplies the low-rank update.
            let strength = config.strength(of: String(name.dropLast(".weight".count)), rank: first[0])
            updates[name] = LowRankUpdate(
                a: a,
                b: b,
                isOfEmbeddings: pair.isOfEmbeddings,
                magnitude: pair.magnitude,
                strength: Float(strength) * scale
            )
        }
        return updates
    }
}
