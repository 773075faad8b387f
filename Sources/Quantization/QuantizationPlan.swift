import BlockFormats
import GGUF
import SystemPackage
import Tensors

/// The planned result of a quantization: every tensor's type, in output order, and the metadata.
public struct QuantizationPlan: Sendable {
    /// The build's type: its mix, or its recipe.
    public let buildType: BuildType
    /// The mix of the tensors that nothing else names, which is written as the file's type.
    public let fileType: FileType
    /// The tensors of all files, one file after the other.
    public let tensors: [PlannedTensor]
    /// The layout of each file to be written.
    public let layouts: [GGUFLayout]
    /// An error if a type needs an importance matrix and there is none: the sizes are valid, but nothing can be made.
    public let obstacle: QuantizationError?
    private let keepsSplit: Bool

    /// The bits per weight in the whole model's tensors.
    public var bitsPerWeight: Double {
        let targets = tensors.lazy.map(\.target)
        let weights = targets.elementCount
        return weights == 0 ? 0 : Double(targets.byteCount) * 8 / Double(weights)
    }

    /// The size of all files, in bytes.
    public var byteCount: Int { layouts.reduce(0) { $0 + $1.byteCount } }

    /// The tensors that are already quantized and get another type.
    public var requantized: [PlannedTensor] { tensors.filter { $0.isChanged && $0.source.type.isQuantized } }

    /// The tensors inside the layers that change and for which the importance matrix, if there is one, has no entry. It
    /// never has one for the token embedding, and seldom for the output.
    public var unweighted: [PlannedTensor] {
        tensors.filter { tensor in
            let role = TensorRole(name: tensor.target.name)
            return tensor.isChanged && tensor.importance == nil && role != .tokenEmbedding && role != .output
        }
    }

    /// The tensors whose types may change, as they will be in the output.
    public var freeTensors: [GGUFTensor] { tensors.filter(\.isQuantizable).map(\.target) }

    /// The chosen types of all tensors that may change: with the same base mix and options they give the same file,
    /// byte for byte.
    public var assignment: TypeAssignment {
        let free = tensors.lazy.filter(\.isQuantizable).map { ($0.target.name, $0.target.type) }
        return TypeAssignment(Dictionary(free) { first, _ in first })
    }

    /// Plans a build of one of llama.cpp's mixes.
    /// - Throws: the errors of the other initializer.
    public init(_ source: some ModelSource, as fileType: FileType, options: QuantizationOptions = .init()) throws {
        try self.init(source, policy: .mix(fileType), options: options)
    }

    /// Plans a build.
    /// - Parameter policy: the source of the types. A type from an assignment overrides all options except
    ///   `copiesOnly`.
    /// - Throws: `QuantizationError` if the model cannot be quantized with it, `GGUFError` if its metadata is invalid.
    public init(_ source: some ModelSource, policy: TypePolicy, options: QuantizationOptions = .init()) throws {
        (buildType, fileType) = (policy.buildType, policy.fileType)
        keepsSplit = options.keepsSplit
        let facts = try source.reading { try ModelFacts($0.reading(options.overrides)) }
        let metadata: PlannedMetadata
        do {
            try policy.check()
            let pruning = try LayerPruning(options.prunedLayers, of: source.tensors)
            let entries = try Self.entries(of: source, pruning, options)
            tensors = try Self.plan(entries, by: policy, facts, options)
            metadata = PlannedMetadata(source, fileType, facts, options, layerCount: pruning.layerCount)
        } catch let problem as QuantizationProblem {
            throw QuantizationError(path: source.path, problem: problem)
        }
        obstacle = Self.obstacle(in: tensors, of: fileType, options).map {
            QuantizationError(path: source.path, problem: $0)
        }
        layouts = metadata.layouts(of: tensors)
    }

    /// Returns the paths of the files for a model written to `output`.
    public func paths(for output: FilePath) -> [FilePath] {
        guard keepsSplit else { return [output] }
        let prefix = output.extension == "gguf" ? FilePath(String(output.string.dropLast(5))) : output
        return layouts.indices.map { GGUFModel.shardPath(prefix, $0, of: layouts.count) }
    }

    /// A tensor, its new name, and its output file.
    private typealias Entry = (source: GGUFTensor, renamed: GGUFTensor, shard: Int)

    private static func entries(
        of source: some ModelSource,
        _ pruning: LayerPruning,
        _ options: QuantizationOptions
    ) throws -> [Entry] {
        if options.rounding == .refined, options.importanceMatrix == nil {
            throw QuantizationProblem.refinementNeedsImportanceMatrix
        }
        if let matrix = options.importanceMatrix, !source.tensors.contains(where: { matrix.entries[$0.name] != nil }) {
            throw QuantizationProblem.importanceMatrixOfAnotherModel(matrix.path)
        }
        // Files that are kept also keep their order.
        let ordered =
            options.keepsSplit ? source.tensors : source.tensors.sorted { precedesInFile($0.name, $1.name) }
        return ordered.compactMap { tensor in
            let name = pruning.newName(of: tensor)
            let renamed = name.flatMap { GGUFTensor(name: $0, type: tensor.type, shape: tensor.shape) }
            return renamed.map { (tensor, $0, options.keepsSplit ? source.shard(of: tensor) : 0) }
        }
    }

    private static func plan(
        _ entries: [Entry],
        by policy: TypePolicy,
        _ facts: ModelFacts,
        _ options: QuantizationOptions
    ) throws -> [PlannedTensor] {
        var chooser = try TypeChooser(policy, facts, tensors: entries.map(\.renamed), options)
        return try entries.map { source, renamed, shard in
            let choice = try chooser.choice(for: renamed)
            if choice.type != source.type {
                guard source.shape.withoutTrailingOnes.dimensions.count < 4 else {
                    throw QuantizationProblem.fourDimensions(tensor: renamed.name, type: choice.type.name)
                }
                try check(renamed, to: choice.type, allowRequantize: options.allowRequantize)
            }
            // ggml does not count trailing dimensions of one.
            let shape = source.shape.withoutTrailingOnes
            guard let target = GGUFTensor(name: renamed.name, type: choice.type, shape: shape) else {
                throw QuantizationProblem.unsuitableShape(
                    tensor: renamed.name,
                    type: choice.type.name,
                    rowLength: source.shape.rowLength
                )
            }
            return PlannedTensor(
                source: source,
                target: target,
                shard: shard,
                wanted: choice.wanted,
                isQuantizable: choice.isQuantizable,
                // The importance matrix uses the tensor's name from when it was made.
                importance: target.type == source.type ? nil : try options.importanceMatrix?.values(for: source),
                rounding: options.rounding
            )
        }
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

    /// Returns the error for types of about two bits per weight, which work only if the importance of columns is known.
    /// Without any importance matrix, the reference also rejects tensors that already have such a type and would be
    /// copied.
    private static func obstacle(
        in tensors: [PlannedTensor],
        of fileType: FileType,
        _ options: QuantizationOptions
    ) -> QuantizationProblem? {
        if options.copiesOnly { return nil }
        let offender = tensors.first { tensor in
            guard tensor.importance == nil, tensor.isChanged || options.importanceMatrix == nil else { return false }
            let role = TensorRole(name: tensor.target.name)
            let isOutside = role == .output || role == .tokenEmbedding
            return switch tensor.target.type {
            case .iq1_s, .iq2_xxs, .iq2_xs: tensor.isChanged || !isOutside
            case .iq1_m, .iq2_s, .iq3_xxs: !isOutside
            case .q2_K: fileType == .q2_K_S && !isOutside
            default: false
            }
        }
        return offender.map { .importanceMatrixNeeded(tensor: $0.target.name, type: $0.target.type.name) }
    }
}

/// A tensor before and after.
public struct PlannedTensor: Sendable {
    /// The tensor in the source.
    public let source: GGUFTensor
    /// The tensor in the output, with its new name if layers are pruned.
    public let target: GGUFTensor
    /// The index of its output file.
    let shard: Int
    /// The requested type, if the shape did not allow it.
    public let wanted: TensorType?
    /// Whether llama.cpp's rules let it change its type.
    let isQuantizable: Bool
    /// The importance of the columns; for tensors of experts, one expert after the other.
    package let importance: [Float]?
    let rounding: Rounding

    /// Whether its blocks are refined: the type allows it, and the importance of the columns is known.
    var isRefined: Bool { rounding == .refined && importance != nil && BlockCodec.canRefine(target.type) }

    /// Whether its blocks use the grid of its weights, if they lie on one.
    var mayTakeLattice: Bool { rounding.takesLattice && isChanged && BlockCodec.canTakeLattice(target.type) }

    /// Whether its type differs from the one that the mix or a rule requested.
    public var isFallback: Bool { wanted != nil }

    /// Whether its weights are encoded again; otherwise its bytes are copied.
    public var isChanged: Bool { target.type != source.type }
}
