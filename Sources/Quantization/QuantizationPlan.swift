import GGUF
import Tensors

/// What a quantization will make: every tensor's type, in the order of the output file, and its metadata.
public struct QuantizationPlan: Sendable {
    public let fileType: FileType
    public let tensors: [PlannedTensor]
    public let layout: GGUFLayout

    /// Bits a weight in the whole file's tensors.
    public var bitsPerWeight: Double {
        let bytes = tensors.reduce(0) { $0 + $1.target.byteCount }
        let weights = tensors.reduce(0) { $0 + $1.target.shape.elementCount }
        return weights == 0 ? 0 : Double(bytes) * 8 / Double(weights)
    }

    /// - Throws: `QuantizationError` when the model cannot be quantized so, `GGUFError` when its metadata is unfit.
    public init(_ source: GGUFFile, as fileType: FileType, options: QuantizationOptions = .init()) throws {
        self.fileType = fileType
        do {
            let facts = try source.reading { try ModelFacts($0) }
            let splitCount = try source.reading { try $0.integer("split.count") } ?? 1
            guard splitCount <= 1 else { throw QuantizationProblem.isSplit }
            tensors = try Self.plan(source.tensors, as: fileType, facts, options)
        } catch let problem as QuantizationProblem {
            throw QuantizationError(path: source.path, problem: problem)
        }
        layout = GGUFLayout(
            metadata: Self.metadata(source.metadata, fileType, options.importanceMatrix),
            tensors: tensors.map(\.target),
            alignment: source.alignment
        )
    }

    private static func plan(
        _ unordered: [GGUFTensor],
        as fileType: FileType,
        _ facts: ModelFacts,
        _ options: QuantizationOptions
    ) throws -> [PlannedTensor] {
        let sources = unordered.sorted { precedesInFile($0.name, $1.name) }
        var chooser = try TypeChooser(fileType, facts, tensors: sources, options)
        return try sources.map { source in
            let choice = try chooser.choice(for: source)
            if choice.type != source.type {
                try check(source, to: choice.type, allowRequantize: options.allowRequantize)
            }
            guard let target = GGUFTensor(name: source.name, type: choice.type, shape: source.shape) else {
                throw QuantizationProblem.unsuitableShape(
                    tensor: source.name,
                    type: choice.type.name,
                    rowLength: source.shape.rowLength
                )
            }
            let importance =
                target.type == source.type ? nil : try options.importanceMatrix?.values(for: source)
            if importance == nil, choice.type != source.type {
                try checkNeed(of: target, in: fileType)
            }
            return PlannedTensor(source: source, target: target, wanted: choice.wanted, importance: importance)
        }
    }

    /// Two bits a weight in every tensor work only where the columns that count are known.
    private static func checkNeed(of tensor: GGUFTensor, in fileType: FileType) throws {
        let role = TensorRole(name: tensor.name)
        guard fileType == .q2_K_S, tensor.type == .q2_K, role != .output, role != .tokenEmbedding else { return }
        throw QuantizationProblem.matrixNeeded(tensor: tensor.name, type: tensor.type.name)
    }

    private static func check(_ source: GGUFTensor, to type: TensorType, allowRequantize: Bool) throws {
        guard Quantizer.canDecode(source.type) else {
            throw QuantizationProblem.unreadableType(tensor: source.name, type: source.type.name)
        }
        guard Quantizer.canEncode(type) else {
            throw QuantizationProblem.unwritableType(tensor: source.name, type: type.name)
        }
        guard !source.type.isQuantized || allowRequantize else {
            throw QuantizationProblem.requantization(tensor: source.name, from: source.type.name, to: type.name)
        }
    }

    /// The source's metadata as llama-quantize passes it on: two keys move to the end, split keys go.
    private static func metadata(
        _ source: Metadata,
        _ fileType: FileType,
        _ matrix: ImportanceMatrix?
    ) -> Metadata {
        var metadata = source
        metadata.moveToEnd("general.quantization_version", .uint32(2))
        metadata.moveToEnd("general.file_type", .uint32(fileType.rawValue))
        for key in ["split.no", "split.count", "split.tensors.count"] { metadata.remove(key) }
        matrix?.describe(in: &metadata)
        return metadata
    }
}

/// A tensor before and after.
public struct PlannedTensor: Sendable {
    public let source: GGUFTensor
    public let target: GGUFTensor
    /// The type that the recipe asked for, where the shape did not allow it.
    public let wanted: TensorType?
    /// What the columns count, those of each expert behind each other.
    let importance: [Float]?

    public var isFallback: Bool { wanted != nil }
}
