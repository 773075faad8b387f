import GGUF
import Tensors

/// The layers of a projector that a picture passes through, as far as its file tells. Kinds of llama.cpp's `clip.cpp`.
public struct ProjectorTower: Sendable, Equatable {
    /// GGUF's name of the kind: `gemma3`.
    public let kind: String
    /// Elements of a patch's embedding, in the tower.
    public let width: Int
    /// Elements inside of its networks.
    public let innerWidth: Int
    /// Heads of attention.
    public let headCount: Int
    /// Pixels of a side of a patch.
    public let patchSize: Int
    /// Elements of the embeddings that it makes, which are those of its language model.
    public let outputWidth: Int
    /// Patches of a side of the square that becomes one token.
    public let mergesSide: Int
    /// Pixels of a side of the picture that an engine makes room for when it loads the file; larger pictures take more.
    public let pictureSide: Int
    /// Whether networks have a gate.
    public let isGated: Bool
    /// Whether queries, keys and values come of one product.
    public let fusesQKV: Bool
    /// Whether heads are normalized.
    public let normalizesHeads: Bool
    /// Layers that are read beside the last one.
    public let tapCount: Int
    /// Whether a norm follows the last layer.
    public let hasLastNorm: Bool

    /// - Returns: nil for kinds that this table lacks, and for a file that only hears.
    /// - Throws: `GGUFProblem`, `ShapeProblem`, as `ProjectorShape`.
    init?(_ metadata: Metadata, _ tensors: [GGUFTensor], kind: String, outputWidth: Int) throws {
        func whole(_ key: String) throws -> Int { try ProjectorShape.whole(metadata, "clip.vision.\(key)") }
        func scale(_ standard: Int) throws -> Int {
            metadata["clip.vision.projector.scale_factor"] == nil ? standard : try whole("projector.scale_factor")
        }
        let patch = try whole("patch_size")
        // [LC `clip.cpp`, `set_warmup_n_tokens`] Of kinds that take any size, a picture of so many tokens a side.
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
        // A picture that engines would make room for, of layers that they have; no product below overflows then.
        guard (1...512).contains(pictureSide / patchSize), width <= 1 << 16, innerWidth <= 1 << 18,
            outputWidth <= 1 << 16,
            (1...width).contains(headCount), pictureSide / patchSize >= mergesSide
        else { throw ShapeProblem.badValue(key: "clip.vision", value: kind, expected: "sizes that a tower has") }
    }
}

/// How kinds differ. [LC `tools/mtmd/models/*.cpp`]
extension ProjectorTower {
    private var isQwen: Bool { kind.hasSuffix("vl_merger") }
    /// Whether norms are layer norms, not root mean squares.
    public var hasLayerNorm: Bool { kind != "gemma4v" && kind != "qwen2.5vl_merger" }
    /// How often patches are made of a picture; a still one counts as two frames of a film.
    public var frames: Int { isQwen ? 2 : 1 }
    /// Lists of positions that are read.
    public var positionInputs: Int { isQwen ? 1 : kind == "gemma4v" ? 2 : 0 }
    /// Numbers for each patch in such a list.
    public var positionsPerPatch: Int { isQwen ? 4 : 1 }
    /// Whether positions rotate queries and keys.
    public var turnsHeads: Bool { isQwen || kind == "gemma4v" }
    /// Whether most layers see a window alone.
    public var hasWindows: Bool { kind == "qwen2.5vl_merger" }
    /// Whether pixels are scaled first.
    public var scalesPixels: Bool { kind == "gemma4v" }
    /// Whether a table of positions is stretched to the picture.
    public var resizesPositions: Bool { kind == "lfm2" || kind == "qwen3vl_merger" }
    /// Whether positions are looked up by row and by column.
    public var looksUpPositions: Bool { kind == "gemma4v" }
    /// Whether values are normalized.
    public var normalizesValues: Bool { kind == "gemma4v" }
    /// Whether norms follow attention and network, too.
    public var hasNormsBehind: Bool { kind == "gemma4v" }
    /// Whether patches are averaged into tokens, not put side by side.
    public var pools: Bool { kind == "gemma3" || kind == "gemma4v" }
}
