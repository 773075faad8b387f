import Architectures
import GGUF
import Tensors

/// The metadata of a quantized model and of each of its files, key by key in the order in which llama-quantize sets it.
struct PlannedMetadata {
    private let metadata: Metadata
    private let alignment: Int

    private static let splitKeys = (number: "split.no", count: "split.count", tensors: "split.tensors.count")

    /// - Parameter layerCount: the number of remaining layers.
    init(
        _ source: some ModelSource,
        _ fileType: FileType,
        _ facts: ModelFacts,
        _ options: QuantizationOptions,
        layerCount: Int
    ) {
        var metadata = source.metadata
        metadata.cutTextsAtZero()
        metadata.moveToEnd("general.quantization_version", .uint32(2))
        let number = options.copiesOnly ? Self.fileTypeNumber(of: source, options) : fileType.rawValue
        metadata.moveToEnd("general.file_type", .uint32(number))
        for key in [Self.splitKeys.number, Self.splitKeys.count, Self.splitKeys.tensors] { metadata.remove(key) }
        for override in options.overrides { metadata.moveToEnd(override.key, override.stored) }
        options.importanceMatrix?.describe(in: &metadata)
        if !options.prunedLayers.isEmpty {
            metadata.moveToEnd("\(facts.architecture.name).block_count", .uint32(UInt32(clamping: layerCount)))
        }
        self.metadata = metadata
        alignment = source.alignment
    }

    /// Returns one layout for each file, up to the last that has a tensor.
    func layouts(of tensors: [PlannedTensor]) -> [GGUFLayout] {
        let count = (tensors.map(\.shard).max() ?? 0) + 1
        return (0..<count).map { shard in
            // The first file has all metadata; the others have only their position, and the default alignment.
            var metadata = shard == 0 ? self.metadata : Metadata()
            if count > 1 {
                metadata.moveToEnd(Self.splitKeys.number, .uint16(UInt16(clamping: shard)))
                metadata.moveToEnd(Self.splitKeys.count, .uint16(UInt16(clamping: count)))
                metadata.moveToEnd(Self.splitKeys.tensors, .int32(Int32(clamping: tensors.count)))
            }
            let own = tensors.filter { $0.shard == shard }.map(\.target)
            return shard == 0
                ? GGUFLayout(metadata: metadata, tensors: own, alignment: alignment)
                : GGUFLayout(metadata: metadata, tensors: own)
        }
    }

    /// Returns the file type that a copy keeps: the source's own number, or a guess from the most frequent type.
    private static func fileTypeNumber(of source: some ModelSource, _ options: QuantizationOptions) -> UInt32 {
        if let number = source.metadata.reading(options.overrides)["general.file_type"]?.integer {
            return UInt32(truncatingIfNeeded: number)
        }
        var counts: [TensorType: Int] = [:]
        var most = TensorType.f32
        for tensor in source.tensors.sorted(by: { precedesInFile($0.name, $1.name) }) {
            counts[tensor.type, default: 0] += 1
            if counts[tensor.type, default: 0] > counts[most, default: 0] { most = tensor.type }
        }
        return FileType.guessedNumber(mostly: most)
    }
}
