import GGUF
import Safetensors
import Tensors

extension ConversionPlan {
    /// Plans the merge of adapters into the GGUF file of a model: each number is read in single precision, the update
    /// is added, and the sum is rounded once. Everything else in the file stays unchanged.
    ///
    /// For a file in single precision, the result is byte-identical to converting the Hugging Face folder with the same
    /// adapters.
    /// - Parameters:
    ///   - model: a model in f32, f16 or bf16.
    ///   - options: its type is that of the weight matrices; nil keeps each tensor's own type.
    /// - Throws: `FileError`, `SafetensorsError`, `GGUFError`, `ConversionError`.
    public init(_ model: GGUFModel, merging adapters: [AdapterReference], options: ConversionOptions = .init()) throws {
        do {
            let base = try FileBase(model)
            var changes: [String: [AdapterChange]] = [:]
            for adapter in adapters {
                for change in try base.changes(of: adapter) { changes[change.target, default: []].append(change) }
            }
            let tensors = try model.tensors.map { tensor in
                try MergedTensor(tensor, base.entries, changes[tensor.name] ?? []).planned(as: options.type)
            }
            var metadata = model.metadata
            for key in ["split.no", "split.count", "split.tensors.count", "general.alignment"] { metadata.remove(key) }
            if let type = options.type { metadata.set("general.file_type", .uint32(type.fileType)) }
            let matrix = tensors.first { $0.target.shape.dimensions.count > 1 }?.target.type
            self.init(
                folder: model.path,
                metadata: metadata,
                tensors: tensors,
                type: options.type ?? ConvertedType.allCases.first { $0.tensorType == matrix } ?? .f32,
                notes: Self.notes(changes, isTied: base.entries["output.weight"] == nil),
                allowsNonFinite: options.allowsNonFinite
            )
        } catch let problem as ConversionProblem {
            throw ConversionError(path: model.path, problem: problem)
        }
    }

    private static func notes(_ changes: [String: [AdapterChange]], isTied: Bool) -> [String] {
        let table = "token_embd.weight"
        return isTied && changes[table] != nil ? [ConversionNotes.ofTied(table)] : []
    }
}

/// A tensor of a GGUF file with its changes by adapters.
private struct MergedTensor {
    private let tensor: GGUFTensor
    private let entries: FileEntries
    private let changes: [AdapterChange]

    init(_ tensor: GGUFTensor, _ entries: FileEntries, _ changes: [AdapterChange]) {
        (self.tensor, self.entries, self.changes) = (tensor, entries, changes)
    }

    func planned(as type: ConvertedType?) throws -> ConversionPlan.Tensor {
        let shape = tensor.shape
        let stays = PlannedTensors.staysPrecise(tensor.name, shape.withoutTrailingOnes.dimensions.count)
        let wanted = stays ? tensor.type : type?.tensorType ?? tensor.type
        let fits = shape.rowLength.isMultiple(of: wanted.block.elements)
        guard let target = GGUFTensor(name: tensor.name, type: fits ? wanted : .f16, shape: shape) else {
            throw ConversionProblem.wrongShape(
                tensor: tensor.name,
                found: shape.dimensions,
                expected: "rows of whole blocks"
            )
        }
        if changes.contains(where: { $0.height != nil }) {
            return .init(
                source: .checkpoint(try stack(depth: shape.dimensions.last ?? 1), TensorEdit()),
                target: target
            )
        }
        guard let entry = entries[tensor.name] else { throw ConversionProblem.missingPart(tensor.name) }
        let edit = changes.first?.edit ?? TensorEdit()
        guard let other = try replacement(at: nil) else {
            let part = ConversionPlan.Tensor.Part(entry: entry, scale: nil, updates: updates(at: nil, arePlaced: true))
            return .init(source: .checkpoint([part], TensorEdit()), target: target)
        }
        guard changes.allSatisfy({ $0.edit == edit }) else {
            throw ConversionProblem.unsupportedAdapter("another adapter replaces '\(tensor.name)'")
        }
        let part = ConversionPlan.Tensor.Part(entry: other, scale: nil, updates: updates(at: nil, arePlaced: false))
        return .init(source: .checkpoint([part], edit), target: target)
    }

    private func stack(depth: Int) throws -> [ConversionPlan.Tensor.Part] {
        try entries.slices(of: tensor.name, depth: depth).enumerated().map { height, entry in
            let entry = try replacement(at: height) ?? entry
            return .init(entry: entry, scale: nil, updates: updates(at: height, arePlaced: false))
        }
    }

    /// - Parameter arePlaced: whether the weights are in the file's order.
    private func updates(at height: Int?, arePlaced: Bool) -> [LowRankUpdate] {
        changes.filter { $0.height == height }.compactMap { change in
            guard case .update(var update) = change.kind else { return nil }
            if arePlaced { update.placement = UpdatePlacement(order: change.edit.order, columns: change.edit.columns) }
            return update
        }
    }

    private func replacement(at height: Int?) throws -> SafetensorsCheckpoint.Entry? {
        let others = changes.filter { $0.height == height }.compactMap { change in
            if case .replacement(let entry) = change.kind { entry } else { nil }
        }
        guard others.count < 2 else {
            throw ConversionProblem.unsupportedAdapter("another adapter replaces '\(tensor.name)' too")
        }
        return others.first
    }
}
