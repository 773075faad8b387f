import Architectures
import BinaryIO
import GGUF
import Inference
import Settings
import SystemPackage
import Tensors

/// The first layers of a model with all that stands before and behind them: it runs as the model does, and knows nothing.
///
/// Two layers are kept, or as many as it takes to have one of each kind that the model mixes.
package struct CutModel: ModelSource {
    private static let fewest = 2

    private let source: any ModelSource
    package let metadata: Metadata
    package let tensors: [GGUFTensor]

    package var path: FilePath { source.path }
    package var inputs: [FilePath] { source.inputs }
    package var alignment: Int { source.alignment }

    /// - Throws: `GGUFError`, or `StepsError.badFile` for a model whose metadata is unfit, or that cannot run with fewer layers.
    package init(_ source: any ModelSource) throws {
        self.source = source
        let shape: ModelShape
        do { shape = try source.reading { try ModelShape($0) } } catch let problem as ShapeProblem {
            throw StepsError.badFile("\(source.path): \(problem.explanation)")
        }
        let count = Self.layerCount(for: shape)
        let all = shape.layers.count + shape.predictorCount
        metadata = Self.metadata(source.metadata, shape.architecture.name, from: all, to: count)
        tensors = source.tensors.filter { (Self.layer(of: $0) ?? 0) < count }
        if let reason = LoadingCheck.problem(of: metadata, tensors) {
            throw StepsError.badFile(
                "\(source.path): a model of the architecture '\(shape.architecture.name)' does not run with its first "
                    + "\(count) layers alone: \(reason) Leave out \(setting: "smoke"), and set fewer 'chunks' instead."
            )
        }
    }

    package func shard(of tensor: GGUFTensor) -> Int { 0 }
    package func makeReader() -> any RowReader { source.makeReader() }

    /// How many of the first layers have one of each kind.
    private static func layerCount(for shape: ModelShape) -> Int {
        let kinds = shape.layers.map { "\(kind($0.mixer)) \(kind($0.network))" }
        let last = Set(kinds).compactMap(kinds.firstIndex).max() ?? 0
        return min(shape.layers.count, max(fewest, last + 1))
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

    /// The parts of a head that positions turn, in a list that may be as long as there are layers.
    private static let sections = "rope.dimension_sections"

    /// The metadata with fewer layers: lists with an entry a layer are cut, too.
    private static func metadata(_ whole: Metadata, _ architecture: String, from all: Int, to count: Int) -> Metadata {
        var metadata = whole
        for (key, value) in whole.pairs where key.hasPrefix("\(architecture).") {
            if key == "\(architecture).\(sections)" { continue }
            if case .array(let array) = value, array.count == all { metadata.set(key, .array(array.prefix(count))) }
        }
        metadata.set("\(architecture).block_count", .uint32(UInt32(clamping: count)))
        metadata.remove("\(architecture).nextn_predict_layers")
        for key in ["split.no", "split.count", "split.tensors.count"] { metadata.remove(key) }
        return metadata
    }

    private static func layer(of tensor: GGUFTensor) -> Int? {
        tensor.name.prefixMatch(of: /blk\.([0-9]+)\./).flatMap { Int($0.1) }
    }
}
