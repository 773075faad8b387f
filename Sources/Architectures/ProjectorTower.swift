import GGUF
import Tensors

/// The layers of a projector that process a picture, as far as its file describes them. The kinds are those of
/// llama.cpp's `clip.cpp`.
public struct ProjectorTower: Sendable, Equatable {
    /// The kind's name in GGUF: `gemma3`.
    public let kind: String
    /// Elements of a patch's embedding in the tower.
    public let width: Int
    /// Elements between the two matrices of a network.
    public let innerWidth: Int
    /// The number of attention heads.
    public let headCount: Int
    /// The side of a patch, in pixels.
    public let patchSize: Int
    /// Elements of its output embeddings, as wide as those of the language model.
    public let outputWidth: Int
    /// The side of the square that becomes one token, in patches.
    public let mergesSide: Int
    /// The side, in pixels, of the picture for which an engine reserves memory when it loads the file; larger pictures
    /// take more.
    public let pictureSide: Int
    /// Whether networks have a gate.
    public let isGated: Bool
    /// Whether one matrix computes queries, keys and values.
    public let fusesQKV: Bool
    /// Whether queries and keys are normalized per head.
    public let normalizesHeads: Bool
    /// The number of layers whose output is used in addition to the last one's.
    public let tapCount: Int
    /// Whether a norm follows the last layer.
    public let hasLastNorm: Bool

    /// - Returns: nil for an unlisted kind, and for a file with only an audio part.
    /// - Throws: `GGUFProblem`, `ShapeProblem`, like `ProjectorShape`.
    init?(_ metadata: Metadata, _ tensors: [GGUFTensor], kind: String, outputWidth: Int) throws {
        func whole(_ key: String) throws -> Int { try ProjectorShape.whole(metadata, "clip.vision.\(key)") }
        func scale(_ standard: Int) throws -> Int {
            metadata["clip.vision.projector.scale_factor"] == nil ? standard : try whole("projector.scale_factor")
        }
        let patch = try whole("patch_size")
        // [LC `clip.cpp`, `set_warmup_n_tokens`] For kinds that accept any size, a picture of this many tokens per
        // side.
        let (merges, tokens): (Int, Int?)
        switch kind {
        case "gemma3": (merges, tokens) = (try scale(4), nil)
        case "idefics3": (merges, tokens) = (try scale(1), nil)
        case "lfm2": (merges, tokens) = (try scale(2), 16)
        case "gemma4v": (merges, tokens) = (try scale(3), 16)
        case "qwen2vl_merger", "qwen2.5vl_merger", "qwen3vl_merger": (merges, tokens) = (2, 46)
        default: return nil
        }
        self.kind = kind
        width = try whole("embedding_length")
        innerWidth = try whole("feed_forward_length")
        headCount = try whole("attention.head_count")
        patchSize = patch
        self.outputWidth = outputWidth
        mergesSide = merges
        pictureSide = try tokens.map { $0 * merges * patch } ?? whole("image_size")
        let names = Set(tensors.lazy.map(\.name))
        isGated = names.contains("v.blk.0.ffn_gate.weight")
        fusesQKV = names.contains("v.blk.0.attn_qkv.weight")
        normalizesHeads = names.contains("v.blk.0.attn_q_norm.weight")
        tapCount = names.count { $0.hasPrefix("v.deepstack.") && $0.hasSuffix(".norm.weight") }
        hasLastNorm = names.contains("v.post_ln.weight")
        // Within what engines support, so that no product below overflows.
        guard (1...512).contains(pictureSide / patchSize), width <= 1 << 16, innerWidth <= 1 << 18,
            outputWidth <= 1 << 16,
            (1...width).contains(headCount), pictureSide / patchSize >= mergesSide
        else { throw ShapeProblem.badValue(key: "clip.vision", value: kind, expected: "sizes that a tower has") }
    }
}

/// The differences between kinds. [LC `tools/mtmd/models/*.cpp`]
extension ProjectorTower {
    private var isQwen: Bool { kind.hasSuffix("vl_merger") }
    /// Whether norms are layer norms instead of root mean square norms.
    public var hasLayerNorm: Bool { kind != "gemma4v" && kind != "qwen2.5vl_merger" }
    /// The number of patch convolutions per picture; a still picture counts as two frames of a video.
    public var frames: Int { isQwen ? 2 : 1 }
    /// The number of lists of positions in the input.
    public var positionInputs: Int { isQwen ? 1 : kind == "gemma4v" ? 2 : 0 }
    /// The number of values per patch in such a list.
    public var positionsPerPatch: Int { isQwen ? 4 : 1 }
    /// Whether queries and keys get a rotary embedding.
    public var turnsHeads: Bool { isQwen || kind == "gemma4v" }
    /// Whether most layers attend within windows.
    public var hasWindows: Bool { kind == "qwen2.5vl_merger" }
    /// Whether pixels are scaled first.
    public var scalesPixels: Bool { kind == "gemma4v" }
    /// Whether a table of positions is resized to the picture.
    public var resizesPositions: Bool { kind == "lfm2" || kind == "qwen3vl_merger" }
    /// Whether positions are looked up by row and column.
    public var looksUpPositions: Bool { kind == "gemma4v" }
    /// Whether values are normalized.
    public var normalizesValues: Bool { kind == "gemma4v" }
    /// Whether norms also follow attention and network.
    public var hasNormsBehind: Bool { kind == "gemma4v" }
    /// Whether patches are averaged into tokens instead of concatenated.
    public var pools: Bool { kind == "gemma3" || kind == "gemma4v" }
}
