import Architectures
import GGUF
import Testing

/// What a picture takes of a language model's context, by the file that it is seen with.
@Suite struct ProjectorShapeTests {
    private func metadata(_ kind: String, _ values: [String: MetadataValue] = [:]) -> Metadata {
        var metadata = Metadata()
        metadata.set("general.architecture", .string("clip"))
        metadata.set("clip.has_vision_encoder", .bool(true))
        metadata.set("clip.projector_type", .string(kind))
        let common: [String: MetadataValue] = [
            "clip.vision.projection_dim": .uint32(2560), "clip.vision.image_size": .uint32(896),
            "clip.vision.patch_size": .uint32(14),
        ]
        for (key, value) in common.merging(values, uniquingKeysWith: { $1 }) { metadata.set(key, value) }
        return metadata
    }

    private let scale = "clip.vision.projector.scale_factor"

    @Test func gemma3TakesTheSameForEveryImage() throws {
        let shape = try ProjectorShape(metadata("gemma3"))
        #expect(shape.width == 2560)
        #expect(shape.imageTokens == .perImage(256))
    }

    @Test func othersTakeTokensByTilesOrByArea() throws {
        let tiled = metadata(
            "idefics3",
            ["clip.vision.image_size": .uint32(512), "clip.vision.patch_size": .uint32(16), scale: .uint32(4)]
        )
        #expect(try ProjectorShape(tiled).imageTokens == .perTile(64, side: 512))
        #expect(try ProjectorShape(metadata("qwen2.5vl_merger")).imageTokens == .perSquare(side: 28))
        #expect(try ProjectorShape(metadata("lfm2", [scale: .uint32(2)])).imageTokens == .perSquare(side: 28))
        #expect(try ProjectorShape(metadata("unheard")).imageTokens == nil)
    }

    @Test(arguments: [
        "clip.vision.projection_dim", "clip.vision.image_size", "clip.vision.patch_size",
        "clip.vision.projector.scale_factor",
    ])
    func sizesThatNoneHasAreRefused(_ key: String) {
        for value in [0, UInt32.max] {
            #expect(throws: ShapeProblem.self) { _ = try ProjectorShape(metadata("gemma3", [key: .uint32(value)])) }
        }
        #expect(throws: GGUFProblem.self) { _ = try ProjectorShape(metadata("gemma3", [key: .string("3")])) }
    }

    @Test func aLanguageModelIsNone() {
        var metadata = Metadata()
        metadata.set("general.architecture", .string("llama"))
        #expect(throws: GGUFProblem.notProjector) { _ = try ProjectorShape(metadata) }
    }
}
