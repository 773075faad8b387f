import BlockFormats
import GGUF
import Safetensors
import SystemPackage
import Tensors

/// The plan of a conversion: the metadata, and the source of each tensor's rows.
public struct ConversionPlan: Sendable {
    /// A tensor of the output.
    struct Tensor: Sendable {
        enum Source: Sendable {
            /// Parts of one type and shape, stacked along the slowest dimension.
            case checkpoint([Part], TensorEdit)
            case packed(PackedBlocks)
            case computed([Float])
        }

        /// A tensor of the checkpoint with its scale and the updates that are added afterwards.
        struct Part: Sendable {
            let entry: SafetensorsCheckpoint.Entry
            let scale: WeightScale?
            let updates: [LowRankUpdate]
            /// The packed matrix, if the entry stores numbers in words.
            var packed: PackedMatrix?
            /// The content of rows that the entry lacks; nil for zeros.
            var filler: MeanRow?
        }

        let source: Source
        let target: GGUFTensor
    }

    /// The metadata of the file, in the reference converter's order.
    public let metadata: Metadata
    /// The positions of all bytes in the file.
    public let layout: GGUFLayout
    /// The type of weight matrices.
    public let type: ConvertedType
    /// Remarks on a model that converts without an error.
    public let notes: [String]
    let allowsNonFinite: Bool
    let tensors: [Tensor]
    let folder: FilePath

    /// - Throws: `FileError`, `SafetensorsError`, `ConversionError`.
    public init(_ folder: HuggingFaceFolder, options: ConversionOptions = .init()) throws {
        self.folder = folder.path
        do {
            let adapters = try options.adapters.map(LowRankAdapter.init)
            let vocabulary = try VocabularySize(folder, adapters, options.padding)
            let folder = vocabulary.folder
            let family = try ModelFamilies.family(for: folder.config)
            let type = options.type ?? Self.automaticType(folder.checkpoint.entries)
            let extras = try family.extras(of: folder)
            let dense = options.includesDenseModules ? try DenseModules(folder, family) : nil
            tensors = try Self.tensors(
                folder,
                family,
                extras,
                adapters,
                dense?.modules ?? [],
                vocabulary.rows,
                as: type
            )
            self.type = type
            var metadata = Metadata()
            metadata.set("general.architecture", .string(Swift.type(of: family).ggufName))
            for (key, value) in extras.metadata { metadata.set(key, value) }
            try GeneralMetadata.write(folder, ParameterCount(tensors.map(\.target)), to: &metadata)
            try family.writeParameters(to: &metadata, fileType: Self.fileType(type, folder.config))
            dense?.write(to: &metadata, prefix: Swift.type(of: family).ggufName)
            family.config.purpose.write(to: &metadata, prefix: Swift.type(of: family).ggufName)
            metadata.set("general.quantization_version", .uint32(2))
            try Self.checkLayers(tensors, metadata, Swift.type(of: family).ggufName)
            try family.writeVocabulary(of: folder, to: &metadata, options: options)
            if let count = vocabulary.rows { try VocabularySize.pad(&metadata, to: count) }
            self.metadata = metadata
            layout = GGUFLayout(metadata: metadata, tensors: tensors.map(\.target))
            allowsNonFinite = options.allowsNonFinite
            notes = ConversionNotes(folder, family, adapters, metadata).all
        } catch let problem as ConversionProblem {
            throw ConversionError(path: folder.path, problem: problem)
        }
    }

    /// Plans an output that is not a Hugging Face model: an adapter, whose numbers were checked when it was read, a
    /// projector, or a GGUF file with merged adapters.
    init(
        folder: FilePath,
        metadata: Metadata,
        tensors: [Tensor],
        type: ConvertedType,
        notes: [String] = [],
        allowsNonFinite: Bool = false
    ) {
        self.folder = folder
        (self.notes, self.allowsNonFinite) = (notes, allowsNonFinite)
        self.metadata = metadata
        self.tensors = tensors
        self.type = type
        layout = GGUFLayout(metadata: metadata, tensors: tensors.map(\.target))
    }

    /// llama.cpp's number for the file: MXFP4 if it is kept, because then it is most of the model.
    private static func fileType(_ type: ConvertedType, _ config: ModelConfig) -> UInt32 {
        config.quantizationMethod == "mxfp4" && type != .q8_0 ? 38 : type.fileType
    }

    /// Checks that all layers exist: without an index, a checkpoint does not reveal a missing shard, but config.json
    /// counts the layers.
    private static func checkLayers(_ tensors: [Tensor], _ metadata: Metadata, _ ggufName: String) throws {
        guard case .uint32(let count) = metadata["\(ggufName).block_count"] else { return }
        let names = tensors.map { $0.target.name.split(separator: ".", maxSplits: 2) }
        let found = Set(names.filter { $0.first == "blk" }.compactMap { UInt32($0[1]) })
        guard let missing = (0..<count).first(where: { !found.contains($0) }) else { return }
        throw ConversionProblem.missingLayerTensors(layer: Int(missing))
    }

    /// The type of the first matrix that has one to keep: half and single precision are kept.
    static func automaticType(_ entries: [SafetensorsCheckpoint.Entry]) -> ConvertedType {
        for entry in entries where entry.tensor.shape.count >= 2 {
            switch entry.tensor.type {
            case .bf16: return .bf16
            case .f32: return .f32
            case .f16: return .f16
            default: continue
            }
        }
        return .f16
    }

    private static func tensors(
        _ folder: HuggingFaceFolder,
        _ family: any ModelFamily,
        _ extras: FamilyExtras,
        _ adapters: [LowRankAdapter],
        _ dense: [DenseModules.Module],
        _ tokenRows: Int?,
        as type: ConvertedType
    ) throws -> [Tensor] {
        var tensors: [Tensor] = []
        for (name, values) in extras.tensors {
            guard let shape = TensorShape([values.count]), let target = GGUFTensor(name: name, type: .f32, shape: shape)
            else { preconditionFailure("a computed tensor is a plain vector") }
            tensors.append(Tensor(source: .computed(values), target: target))
        }
        var stacks = TensorStacks()
        var packed = try PackedTensors(family.config)
        let matrices = try PackedMatrices(folder)
        let methods = Swift.type(of: family).packedMethods.union(PackedMatrices.methods)
        let scales = try WeightScales(folder, alsoReading: methods)
        var packedCount = 0
        let builder = PlannedTensors(
            folder: folder,
            family: family,
            type: type,
            scales: scales,
            matrices: matrices,
            adapters: adapters,
            tokenRows: tokenRows
        )
        for module in dense {
            let part = (module.entry, module.entry.tensor.name)
            tensors.append(try builder.tensor([part], module.name + ".weight", TensorEdit()))
        }
        let isTied = family.config.flag("tie_word_embeddings") ?? Swift.type(of: family).tiesEmbeddings
        let base = AdapterBase(folder, family) { !scales.contains($0) && !matrices.contains($0) }
        for adapter in adapters { try adapter.check(against: base) }
        // Unpacked tensors come after all others, as in the reference.
        let entries = folder.checkpoint.entries.filter {
            !scales.contains($0.tensor.name) && !matrices.contains($0.tensor.name)
        }
        for entry in entries + matrices.entries {
            guard let name = TensorNames.ofTextModel(entry.tensor.name) else { continue }
            switch family.config.purpose.use(of: name, isTied: isTied, try family.use(of: name)) {
            case .leftOut:
                break
            case .leftOutIfZero:
                try requireZeros(entry)
            case .tensors(let outputs):
                let part = (entry, name)
                tensors += try outputs.map { try builder.tensor([part], $0.name, $0.edit) }
            case .packed(let place):
                // They come before all others, as in the reference.
                let made = try packed.add(entry, at: place)
                tensors.insert(contentsOf: made, at: packedCount)
                packedCount += made.count
            case .stacked(let place):
                for stack in try stacks.add((entry, name), at: place) {
                    tensors.append(try builder.tensor(stack.parts, stack.name, TensorEdit()))
                }
            }
        }
        try stacks.finish()
        try packed.finish()
        try checkNames(tensors)
        return tensors
    }

    /// - Throws: `ConversionProblem.unknownTensor` if the tensor contains a number other than zero.
    private static func requireZeros(_ entry: SafetensorsCheckpoint.Entry) throws {
        guard WeightDecoder.reads(entry.tensor.type), WeightDecoder.numbers(of: entry).allSatisfy({ $0 == 0 }) else {
            throw ConversionProblem.unknownTensor(entry.tensor.name)
        }
    }

    private static func checkNames(_ tensors: [Tensor]) throws {
        var names: Set<String> = []
        for tensor in tensors where !names.insert(tensor.target.name).inserted {
            throw ConversionProblem.unknownTensor("\(tensor.sourceName)' beside another '\(tensor.target.name)")
        }
    }
}

extension ConversionPlan.Tensor {
    fileprivate var sourceName: String {
        switch source {
        case .checkpoint(let parts, _): parts[0].entry.tensor.name
        case .packed(let packed): packed.blocks.tensor.name
        case .computed: target.name
        }
    }
}
