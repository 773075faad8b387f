import GGUF
import Safetensors
import Tensors

/// A GGUF file to merge adapters into: the names of their tensors in the file, and the order of its rows and columns.
struct FileBase {
    private let model: GGUFModel
    private let architecture: String
    let entries: FileEntries

    /// - Throws: `FileError`, `GGUFError`, `ConversionProblem.quantizedBase`.
    init(_ model: GGUFModel) throws {
        self.model = model
        architecture = try model.reading {
            try $0.requireModel()
            return try $0.string("general.architecture").required("general.architecture")
        }
        entries = try FileEntries(model)
    }

    /// The changes that an adapter makes, each checked against its tensor.
    /// - Throws: `FileError`, `SafetensorsError`, `GGUFError`, `ConversionError`.
    func changes(of reference: AdapterReference) throws -> [AdapterChange] {
        do {
            guard reference.isFile else { return try changes(of: LowRankAdapter(reference)) }
            let file = try AdapterFile(reference)
            guard file.architecture == architecture else {
                let reason =
                    "it is for models of the architecture '\(file.architecture)', and the base is '\(architecture)'"
                throw ConversionProblem.unsupportedAdapter(reason)
            }
            for change in file.changes { try check(change, of: change.target, nil) }
            return file.changes
        } catch let problem as ConversionProblem {
            throw ConversionError(path: reference.folder, problem: problem)
        }
    }

    /// The changes by the rules of a family of the file's architecture that recognizes all names.
    private func changes(of adapter: LowRankAdapter) throws -> [AdapterChange] {
        let settings = FileConfig(model.metadata, architecture, isTied: entries["output.weight"] == nil)
        var obstacle: (any Error)?
        for type in ModelFamilies.all where type.ggufName == architecture {
            guard let name = type.architectures.first else { continue }
            do {
                let config = try model.reading { _ in try settings.config(for: name) }
                let family = try type.init(config: config.filled(with: type.defaults(for: config)))
                return try changes(of: adapter, by: family)
            } catch let error as GGUFError {
                throw error
            } catch {
                // Another family of this architecture may recognize the names.
                obstacle = obstacle ?? error
            }
        }
        throw obstacle ?? ConversionProblem.unknownBaseArchitecture(architecture)
    }

    private func changes(of adapter: LowRankAdapter, by family: any ModelFamily) throws -> [AdapterChange] {
        let isTied = entries["output.weight"] == nil
        let replaced = adapter.replacements.filter { !isTied || !adapter.repeatsEmbeddings($0.key) }
            .map { ($0.key, AdapterChange.Kind.replacement($0.value)) }
        let updated = adapter.updates.map { ($0.key, AdapterChange.Kind.update($0.value)) }
        return try (replaced + updated).sorted { $0.0 < $1.0 }.flatMap { name, kind in
            try Self.places(of: name, by: family).map { target, height, edit in
                let change = AdapterChange(target: target, height: height, kind: kind, edit: edit)
                try check(change, of: name, family)
                return change
            }
        }
    }

    /// The tensors that are made of a tensor of the checkpoint.
    private static func places(of name: String, by family: any ModelFamily) throws -> [(String, Int?, TensorEdit)] {
        let use: TensorUse
        do {
            use = try family.use(of: name)
        } catch ConversionProblem.unknownTensor {
            throw ConversionProblem.foreignAdapter(tensor: name)
        } catch ConversionProblem.missingKey {
            throw ConversionProblem.baseTellsTooLittle(tensor: name, architecture: type(of: family).ggufName)
        }
        switch use {
        case .leftOut, .leftOutIfZero:
            throw ConversionProblem.lostUpdate(tensor: name, architecture: type(of: family).ggufName)
        case .packed:
            throw ConversionProblem.unsupportedAdapter("it updates '\(name)', whose bytes are kept as they are")
        case .stacked(let place):
            return [(place.names[place.stack], place.index, TensorEdit())]
        case .tensors(let outputs):
            return outputs.map { ($0.name, nil, $0.edit) }
        }
    }

    /// - Parameters:
    ///   - name: the tensor's name in the model that the adapter was trained on.
    ///   - family: nil for an adapter with the file's own names.
    private func check(_ change: AdapterChange, of name: String, _ family: (any ModelFamily)?) throws {
        guard let base = entries[change.target]?.tensor else { throw ConversionProblem.foreignAdapter(tensor: name) }
        var expected = base.shape
        if let height = change.height {
            guard expected.count > 1, height < expected.removeFirst() else {
                throw ConversionProblem.foreignAdapter(tensor: name)
            }
        }
        let (tensor, found) = try shape(of: change)
        guard found != expected else { return }
        if VocabularySize.holdsTokens(change.target), found.count == 2, found.last == expected.last {
            // Conversion may have cut off or added rows without a token.
            if family is any GemmaLikeFamily { return }
            throw ConversionProblem.grownBeyondFile(tensor: tensor, tokens: found[0], base: expected[0])
        }
        throw ConversionProblem.otherBase(tensor: tensor, found: found, expected: expected)
    }

    /// The adapter's tensor that a change comes from, and the shape that the file's tensor must have, slowest dimension
    /// first.
    private func shape(of change: AdapterChange) throws -> (tensor: String, shape: [Int]) {
        switch change.kind {
        case .replacement(let entry):
            return (entry.tensor.name, try PlannedTensors.dimensions(of: entry.tensor, change.edit))
        case .update(let update):
            guard !change.edit.changesNumbers else {
                throw ConversionProblem.unsupportedAdapter(
                    "it updates '\(update.b.tensor.name)', whose numbers changed when the base was converted"
                )
            }
            // Edits refer to the checkpoint's order of dimensions.
            let own = change.edit.order == .transposed ? update.shape.reversed() : update.shape
            let tensor = SafetensorsTensor(name: update.b.tensor.name, type: .f32, shape: own, range: 0..<0)
            return (update.b.tensor.name, try PlannedTensors.dimensions(of: tensor, change.edit))
        }
    }
}

extension TensorEdit {
    /// Whether the edit changes numbers, not only their places.
    fileprivate var changesNumbers: Bool { shift != 0 || negatesExponential || appliesSoftplus || !factors.isEmpty }
}
