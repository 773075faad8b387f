import DeviceFit
import Foundation
import GGUF
import Steps
import SystemPackage
import Tensors
import TestSupport
import Testing

/// `fit` with the file that a model sees with beside it.
@Suite struct FitProjectorTests {
    private let folder: ScratchFolder
    private let model: FilePath

    init() throws {
        folder = try ScratchFolder()
        model = folder.path.appending("model.gguf")
        let small = try SyntheticModel(
            architecture: "llama",
            vocabulary: try TinyModels().metadata(),
            width: 64,
            hidden: 96,
            layers: 2,
            heads: (2, 2),
            seed: 5
        )
        try small.write(to: model)
    }

    /// A Gemma 3 tower of two layers, of pictures of 16 x 16 patches of which 4 x 4 become a token.
    private func tower(width: Int = 64, _ change: (inout Metadata) -> Void = { _ in }) throws -> FilePath {
        var metadata = Metadata()
        for (key, value) in [
            ("general.architecture", "clip"), ("general.type", "mmproj"), ("clip.projector_type", "gemma3"),
        ] {
            metadata.set(key, .string(value))
        }
        metadata.set("clip.has_vision_encoder", .bool(true))
        for (key, value) in [
            ("projection_dim", width), ("image_size", 224), ("patch_size", 14), ("embedding_length", 64),
            ("feed_forward_length", 96), ("block_count", 2), ("attention.head_count", 4),
        ] {
            metadata.set("clip.vision.\(key)", .uint32(UInt32(value)))
        }
        change(&metadata)
        var tower = SyntheticModel(hyperparameters: metadata, vocabulary: Metadata(), seed: 3)
        tower.add("mm.input_projection.weight", [width, 64])
        tower.add("v.patch_embd.weight", [14, 14, 3, 64])
        for layer in 0..<2 {
            for name in ["attn_q", "attn_k", "attn_v", "attn_out"] {
                tower.add("v.blk.\(layer).\(name).weight", [64, 64])
            }
            tower.add("v.blk.\(layer).ffn_up.weight", [64, 96])
            tower.add("v.blk.\(layer).ffn_down.weight", [96, 64])
        }
        let path = folder.path.appending("mmproj.gguf")
        try tower.write(to: path)
        return path
    }

    private func fit(_ projector: FilePath?, remark: (String) -> Void = { _ in }) throws -> FitEstimate {
        let estimates = try Operations.fit(
            model,
            devices: ["galaxy-s23"],
            context: 256,
            kvType: "f16",
            batch: 256,
            projector: projector,
            remark: remark
        )
        return try #require(estimates.first)
    }

    @Test func theTowersBytesAndBufferCountAndAnImagesTokensAreTold() throws {
        let path = try tower()
        let bytes = try GGUFFile(path: path).tensors.byteCount
        var told = ""
        let (alone, both) = (try fit(nil), try fit(path) { told = $0 })
        let added = both.memory.total.mid - alone.memory.total.mid
        let words = "of which \(ByteSize(bytes: added - bytes)) to see a picture of 224 x 224 pixels"
        #expect(added > bytes)
        #expect(told == "The projector takes \(ByteSize(bytes: added)), \(words); an image takes 16 tokens.")
    }

    @Test func aTowerOfAnotherModelIsRefused() throws {
        let error = #expect(throws: DeviceFitError.self) { _ = try fit(tower(width: 128)) }
        #expect(error?.description.contains("embeddings of 128 elements") == true)
    }

    @Test func whatIsNoProjectorIsRefused() throws {
        #expect(throws: GGUFError.self) { _ = try fit(model) }
        let path = try tower { $0.remove("clip.vision.projection_dim") }
        let error = #expect(throws: GGUFError.self) { _ = try fit(path) }
        #expect(error?.description.contains("clip.vision.projection_dim") == true)
    }
}
