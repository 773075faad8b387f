import BlockFormats
import GGUF
import Safetensors
import SystemPackage
import Tensors

/// What a conversion will write: the metadata, and for each tensor where its rows come from.
public struct ConversionPlan: Sendable {
    /// A tensor of the output.
    struct Tensor: Sendable {
        enum Source: Sendable {
            case checkpoint(SafetensorsCheckpoint.Entry, type: TensorType, RowOrder)
            case computed([Float])
        }

        let source: Source
        let target: GGUFTensor
    }

    public let metadata: Metadata
    public let layout: GGUFLayout
    public let type: ConvertedType
    let tensors: [Tensor]
    let folder: FilePath

    /// - Throws: `FileError`, `SafetensorsError`, `ConversionError`.
    public init(_ folder: HuggingFaceFolder, options: ConversionOptions = .init()) throws {
        self.folder = folder.path
        do {
            let family = try ModelFamilies.family(for: folder.config)
            let type = options.type ?? Self.automaticType(folder.checkpoint)
            let extras = try family.extras()
            tensors = try Self.tensors(folder, family, extras, as: type)
            self.type = type
            var metadata = Metadata()
            metadata.set("general.architecture", .string(Swift.type(of: family).ggufName))
            for (key, value) in extras.metadata { metadata.set(key, value) }
            let parameterCount = tensors.reduce(0) { $0 + $1.target.shape.elementCount }
            try GeneralMetadata.write(folder, parameterCount: parameterCount, to: &metadata)
            try family.writeParameters(to: &metadata, fileType: type.fileType)
            metadata.set("general.quantization_version", .uint32(2))
            try Self.checkLayers(tensors, metadata, Swift.type(of: family).ggufName)
            try family.writeVocabulary(of: folder, to: &metadata, options: options)
            self.metadata = metadata
            layout = GGUFLayout(metadata: metadata, tensors: tensors.map(\.target))
        } catch let problem as ConversionProblem {
            throw ConversionError(path: folder.path, problem: problem)
        }
    }

    /// A checkpoint without an index does not tell that a shard is missing; the layers that config.json counts do.
    private static func checkLayers(_ tensors: [Tensor], _ metadata: Metadata, _ ggufName: String) throws {
        guard case .uint32(let count) = metadata["\(ggufName).block_count"] else { return }
        let names = tensors.map { $0.target.name.split(separator: ".", maxSplits: 2) }
        let found = Set(names.filter { $0.first == "blk" }.compactMap { UInt32($0[1]) })
        guard let missing = (0..<count).first(where: { !found.contains($0) }) else { return }
        throw ConversionProblem.missingLayerTensors(layer: Int(missing))
    }

    /// The type of the first matrix: half precision stays what it is, everything else becomes half precision.
    private static func automaticType(_ checkpoint: SafetensorsCheckpoint) -> ConvertedType {
        switch checkpoint.entries.first(where: { $0.tensor.shape.count >= 2 })?.tensor.type {
        case .bf16: .bf16
        case .f32: .f32
        default: .f16
        }
    }

    private static func tensors(
        _ folder: HuggingFaceFolder,
        _ family: any ModelFamily,
        _ extras: FamilyExtras,
        as type: ConvertedType
    ) throws -> [Tensor] {
        var tensors: [Tensor] = []
        for (name, values) in extras.tensors {
            guard let shape = TensorShape([values.count]), let target = GGUFTensor(name: name, type: .f32, shape: shape)
            else { preconditionFailure("a computed tensor is a plain vector") }
            tensors.append(Tensor(source: .computed(values), target: target))
        }
        var names: Set<String> = []
        for entry in folder.checkpoint.entries {
            guard let name = try family.ggufName(of: entry.tensor.name) else { continue }
            guard names.insert(name).inserted else {
                throw ConversionProblem.unknownTensor("\(entry.tensor.name)' beside another '\(name)")
            }
            tensors.append(try tensor(entry, name: name, order: family.rowOrder(of: entry.tensor.name), as: type))
        }
        return tensors
    }

    private static func tensor(
        _ entry: SafetensorsCheckpoint.Entry,
        name: String,
        order: RowOrder,
        as type: ConvertedType
    ) throws -> Tensor {
        let source = entry.tensor
        guard let sourceType = source.type.tensorType else {
            throw ConversionProblem.unsupportedElementType(tensor: source.name, type: source.type.rawValue)
        }
        guard let shape = TensorShape(source.shape.reversed()), shape.elementCount > 0, source.shape.count <= 4 else {
            throw ConversionProblem.wrongShape(
                tensor: source.name,
                found: source.shape,
                expected: "one to four dimensions of 1 or more"
            )
        }
        if case .interleavedHalves(let headCount) = order {
            let rows = source.shape[0]
            guard rows.isMultiple(of: headCount * 2) else {
                throw ConversionProblem.wrongShape(
                    tensor: source.name,
                    found: source.shape,
                    expected: "a first dimension that \(headCount) heads share"
                )
            }
        }
        // Vectors, norms and biases stay in single precision; so does what the type's blocks do not fit.
        let staysPrecise = source.shape.count <= 1 || name.hasSuffix("_norm.weight") || !name.hasSuffix(".weight")
        let wanted = staysPrecise ? TensorType.f32 : type.tensorType
        let fits = shape.rowLength.isMultiple(of: wanted.block.elements)
        guard let target = GGUFTensor(name: name, type: fits ? wanted : .f16, shape: shape) else {
            throw ConversionProblem.wrongShape(tensor: source.name, found: source.shape, expected: "a smaller tensor")
        }
        return Tensor(source: .checkpoint(entry, type: sourceType, order), target: target)
    }
}
