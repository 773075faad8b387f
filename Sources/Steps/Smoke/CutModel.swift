import Architectures
import BinaryIO
import GGUF
import Inference
import Settings
import SystemPackage
import Tensors

/// A few layers of a model, with everything before and after them: it runs as the model does, but its output is
/// meaningless.
///
/// The first two layers are kept, or as many as needed to include each kind of layer in the model. If layers read the
/// keys and values of earlier ones, the layers that are read are kept, and one of each kind that reads.
package struct CutModel: ModelSource {
    private static let fewest = 2

    private let source: any ModelSource
    /// The layers that are kept.
    private let layers: [Int]
    /// The elements of a token's embedding for each layer; 0 for none.
    private let inputLength: Int
    private let sourceTensors: [String: GGUFTensor]
    package let metadata: Metadata
    package let tensors: [GGUFTensor]

    package var path: FilePath { source.path }
    package var inputs: [FilePath] { source.inputs }
    package var alignment: Int { source.alignment }

    /// - Throws: `GGUFError`, or `StepsError.badFile` for a model whose metadata is invalid, or that cannot run with
    ///   fewer layers.
    package init(_ source: any ModelSource) throws {
        self.source = source
        let shape: ModelShape
        do { shape = try source.reading { try ModelShape($0) } } catch let problem as ShapeProblem {
            throw StepsError.badFile("\(source.path): \(problem.explanation)")
        }
        let name = shape.architecture.name
        let all = shape.layers.count + shape.predictorCount
        let cuts = Self.cuts(of: shape).map { ($0, Self.metadata(source.metadata, name, from: all, to: $0, shape)) }
        // Some files cannot declare which layers share, because engines derive it.
        let (layers, metadata) = cuts.first { Self.keepsKinds($0.1, $0.0, shape) } ?? cuts[cuts.count - 1]
        (self.layers, self.metadata, inputLength) = (layers, metadata, shape.layerInputLength)
        let cut = source.tensors.compactMap { tensor in
            Self.cut(tensor, to: layers, inputLength: shape.layerInputLength).map { ($0, tensor) }
        }
        tensors = cut.map(\.0)
        sourceTensors = Dictionary(cut.map { ($0.0.name, $0.1) }) { first, _ in first }
        if let reason = LoadingCheck.problem(of: metadata, tensors) {
            throw StepsError.badFile(
                "\(source.path): a model of the architecture '\(name)' does not run with \(layers.count) of its layers "
                    + "alone: \(reason) Leave out \(setting: "smoke"), and set fewer 'chunks' instead."
            )
        }
    }

    package func shard(of tensor: GGUFTensor) -> Int { 0 }

    package func makeReader() -> any RowReader { CutRows(self) }

    // MARK: - Layers

    /// Returns the choices of layers to keep, the best first.
    private static func cuts(of shape: ModelShape) -> [[Int]] {
        let kinds = shape.layers.map { "\(kind($0.mixer)) \(kind($0.network))" }
        let own = shape.layers.firstIndex { $0.attention?.source != nil } ?? shape.layers.count
        /// Returns the first layer of each kind.
        func each(_ range: Range<Int>) -> Set<Int> {
            Set(Set(kinds[range]).compactMap { kind in range.first { kinds[$0] == kind } })
        }
        let first = Array(0..<min(own, max(fewest, (each(0..<own).max() ?? 0) + 1)))
        guard own < shape.layers.count else { return [first] }
        // The layers that are read come last among those with their own keys; their position distinguishes them.
        let sharing = each(0..<own).union((own - fewest)..<own).union(each(own..<shape.layers.count))
        return [sharing.sorted(), first]
    }

    private static func kind(_ mixer: Mixer) -> String {
        switch mixer {
        case .attention(let attention): attention.window == nil ? "attention" : "window"
        case .shortConvolution: "convolution"
        case .gatedDelta: "delta"
        case .stateSpace: "state"
        case .attentionAndStateSpace: "both"
        case .absent: "absent"
        case .unlisted: "unlisted"
        }
    }

    private static func kind(_ network: Network) -> String {
        switch network {
        case .dense: "dense"
        case .experts: "experts"
        case .both: "both"
        case .absent: "absent"
        }
    }

    /// Whether the kept layers have the same kinds in their new positions.
    private static func keepsKinds(_ metadata: Metadata, _ layers: [Int], _ whole: ModelShape) -> Bool {
        guard let shape = try? ModelShape(metadata), shape.layers.count == layers.count else { return false }
        return zip(layers, shape.layers).allSatisfy { place, layer in
            let original = whole.layers[place]
            return kind(original.mixer) == kind(layer.mixer) && kind(original.network) == kind(layer.network)
                && (original.attention?.source == nil) == (layer.attention?.source == nil)
        }
    }

    // MARK: - Metadata

    /// The parts of a head that positions rotate, in a list whose length may happen to equal the number of layers.
    private static let sections = "rope.dimension_sections"
    private static let shared = "attention.shared_kv_layers"

    /// Returns the metadata for fewer layers; lists with one entry per layer are cut too.
    private static func metadata(
        _ whole: Metadata,
        _ architecture: String,
        from all: Int,
        to layers: [Int],
        _ shape: ModelShape
    ) -> Metadata {
        var metadata = whole
        for (key, value) in whole.pairs where key.hasPrefix("\(architecture).") {
            if key == "\(architecture).\(sections)" { continue }
            if case .array(let array) = value, array.count == all {
                metadata.set(key, .array(array.elements(at: layers)))
            }
        }
        metadata.set("\(architecture).block_count", .uint32(UInt32(clamping: layers.count)))
        if metadata["\(architecture).\(shared)"] != nil {
            let count = layers.count { shape.layers[$0].attention?.source != nil }
            metadata.set("\(architecture).\(shared)", .uint32(UInt32(clamping: count)))
        }
        metadata.remove("\(architecture).nextn_predict_layers")
        for key in ["split.no", "split.count", "split.tensors.count"] { metadata.remove(key) }
        return metadata
    }

    // MARK: - Tensors

    /// The tensors with a part for each layer: one whose rows consist of the parts, and one whose rows belong to them.
    private static let (table, projection) = ("per_layer_token_embd.weight", "per_layer_model_proj.weight")

    /// Returns a tensor of the cut model; nil for one of a removed layer.
    private static func cut(_ tensor: GGUFTensor, to layers: [Int], inputLength: Int) -> GGUFTensor? {
        var dimensions = tensor.shape.dimensions
        if inputLength > 0, dimensions.count == 2, tensor.name == table || tensor.name == projection {
            dimensions[tensor.name == table ? 0 : 1] = layers.count * inputLength
            // Blocks that span two layers cannot be cut; the check reports the problem for the whole.
            let shape = TensorShape(dimensions)
            return shape.flatMap { GGUFTensor(name: tensor.name, type: tensor.type, shape: $0) } ?? tensor
        }
        guard let match = tensor.name.prefixMatch(of: /blk\.([0-9]+)\./), let layer = Int(match.1) else {
            return tensor
        }
        guard let place = layers.firstIndex(of: layer) else { return nil }
        return GGUFTensor(
            name: "blk.\(place)." + tensor.name[match.range.upperBound...],
            type: tensor.type,
            shape: tensor.shape
        )
    }

    /// The rows of the source's tensors, or the kept parts of them.
    private final class CutRows: RowReader {
        private let model: CutModel
        private let reader: any RowReader
        private var gathered: [UInt8] = []

        init(_ model: CutModel) { (self.model, reader) = (model, model.source.makeReader()) }

        func withRows(
            _ rows: Range<Int>,
            of tensor: GGUFTensor,
            _ body: (UnsafeRawBufferPointer) throws -> Void
        ) throws {
            guard let source = model.sourceTensors[tensor.name] else {
                preconditionFailure("the cut has no tensor '\(tensor.name)'")
            }
            guard source.shape != tensor.shape else { return try reader.withRows(rows, of: source, body) }
            gathered.removeAll(keepingCapacity: true)
            if tensor.name == CutModel.table {
                let part = tensor.rowByteCount / model.layers.count
                try reader.withRows(rows, of: source) { bytes in
                    for row in 0..<rows.count {
                        for layer in model.layers {
                            let start = row * source.rowByteCount + layer * part
                            gathered += bytes[start..<(start + part)]
                        }
                    }
                }
            } else {
                for row in rows {
                    let (place, within) = row.quotientAndRemainder(dividingBy: model.inputLength)
                    let first = model.layers[place] * model.inputLength + within
                    try reader.withRows(first..<(first + 1), of: source) { gathered += $0 }
                }
            }
            try gathered.withUnsafeBytes(body)
        }
    }
}
