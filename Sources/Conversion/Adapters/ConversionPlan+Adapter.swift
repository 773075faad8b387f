import GGUF
import Safetensors
import SystemPackage
import Tensors

extension ConversionPlan {
    /// Plans the conversion of an adapter by itself, which llama.cpp applies to a build of the base model at run time.
    /// - Parameter base: the model that it was trained on, which determines names and the order of rows.
    /// - Throws: `FileError`, `SafetensorsError`, `ConversionError`.
    public init(adapter reference: AdapterReference, of base: HuggingFaceFolder, type: ConvertedType) throws {
        let adapter = try LowRankAdapter(reference)
        do {
            let family = try ModelFamilies.family(for: base.config)
            try adapter.check(against: AdapterBase(base, family))
            let tensors = try AdapterTensorPlan(adapter, family, type).tensors()
            var metadata = Metadata()
            metadata.set("general.architecture", .string(Swift.type(of: family).ggufName))
            metadata.set("general.type", .string("adapter"))
            metadata.set("adapter.type", .string("lora"))
            try GeneralMetadata.describe(adapter, Self.weightCount(tensors), to: &metadata)
            metadata.set("adapter.lora.alpha", .float32(Float(adapter.alpha)))
            metadata.set("general.quantization_version", .uint32(2))
            self.init(folder: reference.folder, metadata: metadata, tensors: tensors, type: type)
        } catch let problem as ConversionProblem {
            throw ConversionError(path: reference.folder, problem: problem)
        }
    }

    /// The number of updated weights: for each update, the rows of the second matrix times the row length of the first.
    private static func weightCount(_ tensors: [Tensor]) -> Int {
        var count = 0
        for (index, tensor) in tensors.enumerated() where !tensor.target.name.hasSuffix(".lora_a") {
            let isSecond = tensor.target.name.hasSuffix(".lora_b")
            let length = isSecond ? tensors[index - 1].target.shape.rowLength : tensor.target.shape.rowLength
            count += tensor.target.shape.rowCount * length
        }
        return count
    }
}

/// The tensors of an adapter's file, two for each updated weight.
private struct AdapterTensorPlan {
    private let adapter: LowRankAdapter
    private let family: any ModelFamily
    private let type: ConvertedType

    init(_ adapter: LowRankAdapter, _ family: any ModelFamily, _ type: ConvertedType) {
        self.adapter = adapter
        self.family = family
        self.type = type
    }

    func tensors() throws -> [ConversionPlan.Tensor] {
        var tensors: [ConversionPlan.Tensor] = []
        for (name, entry) in adapter.replacements.sorted(by: { $0.key < $1.key }) {
            guard entry.tensor.shape.count == 1, name.contains("norm"),
                case .tensors(let outputs) = try family.use(of: name), let output = outputs.first
            else { throw ConversionProblem.unsupportedAdapter("it replaces '\(name)', which an adapter's file cannot") }
            let part = ConversionPlan.Tensor.Part(entry: entry, scale: nil, updates: [])
            tensors.append(try tensor(output.name, [part], output.edit, entry.tensor.shape))
        }
        var stacks = TensorStacks()
        for name in adapter.order {
            guard let update = adapter.updates[name] else { continue }
            switch try family.use(of: name) {
            case .leftOut, .leftOutIfZero:
                break
            case .packed:
                throw ConversionProblem.unsupportedAdapter("it updates '\(name)', whose bytes are kept as they are")
            case .tensors(let outputs):
                guard let output = outputs.first, outputs.count == 1 else {
                    throw ConversionProblem.unsupportedAdapter("it updates '\(name)', which is several tensors in GGUF")
                }
                tensors += try pair(output.name, [name], output.edit, update)
            case .stacked(let place):
                for stack in try stacks.add((update.b, name), at: place) {
                    tensors += try pair(stack.name, stack.parts.map(\.name), TensorEdit(), update)
                }
            }
        }
        try stacks.finish()
        return tensors
    }

    /// Both matrices of one weight, or of several stacked weights.
    private func pair(
        _ name: String,
        _ sources: [String],
        _ edit: TensorEdit,
        _ first: LowRankUpdate
    ) throws -> [ConversionPlan.Tensor] {
        let updates = sources.compactMap { adapter.updates[$0] }
        for update in updates {
            guard update.magnitude == nil else {
                throw ConversionProblem.unsupportedAdapter("an adapter's file has no place for magnitudes")
            }
            guard update.a.tensor.shape == first.a.tensor.shape, update.b.tensor.shape == first.b.tensor.shape else {
                throw ConversionProblem.unsupportedAdapter("experts of one layer have updates of different ranks")
            }
        }
        let depth = updates.count > 1 ? [updates.count] : []
        let wide = updates.map { ConversionPlan.Tensor.Part(entry: $0.a, scale: nil, updates: []) }
        let tall = updates.map { update in
            // Engines multiply by alpha divided by rank; any further factor is merged into the numbers.
            let factor = update.strength * Float(update.rank) / Float(adapter.alpha)
            let scale = factor == 1 ? nil : WeightScale(values: [factor], block: (.max, .max), width: 1)
            return ConversionPlan.Tensor.Part(entry: update.b, scale: scale, updates: [])
        }
        // Engines look up the rows of an embedding table, so its first matrix is transposed to one row per token.
        let wideEdit = TensorEdit(order: first.isOfEmbeddings ? .transposed : .unchanged)
        let wideShape = first.isOfEmbeddings ? Array(first.a.tensor.shape.reversed()) : first.a.tensor.shape
        let tallEdit = edit.order == .transposed ? TensorEdit() : edit
        return [
            try tensor("\(name).lora_a", wide, wideEdit, depth + wideShape),
            try tensor("\(name).lora_b", tall, tallEdit, depth + first.b.tensor.shape),
        ]
    }

    private func tensor(
        _ name: String,
        _ parts: [ConversionPlan.Tensor.Part],
        _ edit: TensorEdit,
        _ dimensions: [Int]
    ) throws -> ConversionPlan.Tensor {
        // The adapter must be divisible into heads as the base model is.
        try edit.order.check(dimensions, of: parts[0].entry.tensor)
        guard let shape = TensorShape(dimensions.reversed()), shape.elementCount > 0 else {
            throw ConversionProblem.wrongShape(
                tensor: parts[0].entry.tensor.name,
                found: dimensions,
                expected: "dimensions of 1 or more"
            )
        }
        let wanted = dimensions.count == 1 ? TensorType.f32 : type.tensorType
        let fits = shape.rowLength.isMultiple(of: wanted.block.elements)
        guard let target = GGUFTensor(name: name, type: fits ? wanted : .f16, shape: shape) else {
            preconditionFailure("a matrix of a file has a size")
        }
        return .init(source: .checkpoint(parts, edit), target: target)
    }
}
