import GGUF
import SystemPackage

/// A small projector with random weights, of the kind that Gemma 3 has, written as a GGUF file.
public struct SyntheticProjector {
    public var model: SyntheticModel

    /// - Parameter width: elements of the embeddings that it makes; 256 are those of models/tiny-phi3.
    public init(width: Int = 256, seed: UInt64 = 7) {
        var metadata = Metadata()
        metadata.set("general.architecture", .string("clip"))
        metadata.set("general.type", .string("mmproj"))
        metadata.set("clip.has_vision_encoder", .bool(true))
        metadata.set("clip.projector_type", .string("gemma3"))
        for (key, value) in [
            ("projection_dim", width), ("image_size", 112), ("patch_size", 14), ("embedding_length", 64),
            ("feed_forward_length", 96), ("block_count", 1), ("attention.head_count", 4),
        ] {
            metadata.set("clip.vision.\(key)", .uint32(UInt32(value)))
        }
        model = SyntheticModel(hyperparameters: metadata, vocabulary: Metadata(), seed: seed)
        model.add("mm.input_projection.weight", [width, 64])
        model.add("mm.soft_emb_norm.weight", [64], spread: 0.5, center: 1)
        model.add("v.patch_embd.weight", [14, 14, 3, 64])
    }

    public func write(to path: FilePath) throws { try model.write(to: path) }
}
