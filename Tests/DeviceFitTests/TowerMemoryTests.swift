import Architectures
import DeviceFit
import GGUF
import Tensors
import Testing

/// What an engine computes with to see a picture, against what llama.cpp 0c1e57098 printed of towers with real widths ("CPU compute
/// buffer size", in MiB).
@Suite struct TowerMemoryTests {
    /// A tower's sizes, as metadata and tensors' names tell them.
    struct Sizes: Sendable {
        var kind: String
        var width: Int
        var inner: Int
        var heads: Int
        var patch: Int
        var output: Int
        var image = 0
        var scale: Int?
        var names: [String] = []
    }

    private func shape(_ sizes: Sizes) throws -> ProjectorShape {
        var metadata = Metadata()
        metadata.set("general.architecture", .string("clip"))
        metadata.set("clip.has_vision_encoder", .bool(true))
        metadata.set("clip.projector_type", .string(sizes.kind))
        for (key, value) in [
            ("projection_dim", sizes.output), ("image_size", max(sizes.image, sizes.patch)),
            ("patch_size", sizes.patch),
            ("embedding_length", sizes.width), ("feed_forward_length", sizes.inner),
            ("attention.head_count", sizes.heads),
        ] {
            metadata.set("clip.vision.\(key)", .uint32(UInt32(value)))
        }
        if let scale = sizes.scale { metadata.set("clip.vision.projector.scale_factor", .uint32(UInt32(scale))) }
        let square = try #require(TensorShape([8, 8]))
        let tensors = try (sizes.names + ["v.patch_embd.weight"]).map { name in
            try #require(GGUFTensor(name: name, type: .f32, shape: square))
        }
        return try ProjectorShape(metadata, tensors)
    }

    private static let last = "v.post_ln.weight"

    @Test(arguments: [
        (
            Sizes(
                kind: "gemma3",
                width: 1152,
                inner: 4304,
                heads: 16,
                patch: 14,
                output: 2560,
                image: 896,
                names: [last]
            ), 121.25
        ),
        (
            Sizes(
                kind: "idefics3",
                width: 768,
                inner: 3072,
                heads: 12,
                patch: 16,
                output: 576,
                image: 512,
                scale: 4,
                names: [last]
            ),
            21.0
        ),
        (Sizes(kind: "lfm2", width: 1152, inner: 4304, heads: 16, patch: 16, output: 2048, names: [last]), 30.31),
        (
            Sizes(kind: "qwen2vl_merger", width: 1280, inner: 5120, heads: 16, patch: 14, output: 1536, names: [last]),
            267.08
        ),
        (
            Sizes(
                kind: "qwen3vl_merger",
                width: 1024,
                inner: 4096,
                heads: 16,
                patch: 16,
                output: 2048,
                names: [
                    last, "v.blk.0.attn_qkv.weight", "v.deepstack.0.norm.weight", "v.deepstack.2.norm.weight",
                ]
            ), 289.43
        ),
        (
            Sizes(
                kind: "gemma4v",
                width: 768,
                inner: 3072,
                heads: 12,
                patch: 16,
                output: 1536,
                names: ["v.blk.0.ffn_gate.weight", "v.blk.0.attn_q_norm.weight"]
            ), 101.27
        ),
    ])
    func whatLlamaCppPrints(_ sizes: Sizes, _ mebibytes: Double) throws {
        let found = Double(ProjectorProfile.computeBytes(of: try #require(try shape(sizes).tower))) / 1_048_576
        #expect(abs(found - mebibytes) <= 0.011, "\(sizes.kind): \(found)")
    }

    /// Its masks of windows lie where no other tensor fits any more; the estimate is 8 % low.
    @Test func windowsTakeMostOfAll() throws {
        let sizes = Sizes(
            kind: "qwen2.5vl_merger",
            width: 1280,
            inner: 3420,
            heads: 16,
            patch: 14,
            output: 2048,
            names: [Self.last, "v.blk.0.ffn_gate.weight"]
        )
        let found = Double(ProjectorProfile.computeBytes(of: try #require(try shape(sizes).tower))) / 1_048_576
        #expect(abs(found / 704.79 - 1) < 0.08)
    }

    @Test func sizesThatNoTowerHasAreRefused() throws {
        for change: (inout Sizes) -> Void in [
            { $0.image = 1 << 20 }, { $0.heads = 1 << 20 }, { $0.inner = 1 << 20 }, { $0.image = 28 },
        ] {
            var sizes = Sizes(kind: "gemma3", width: 1152, inner: 4304, heads: 16, patch: 14, output: 2560, image: 896)
            change(&sizes)
            #expect(throws: ShapeProblem.self) { _ = try shape(sizes) }
        }
        let unheard = Sizes(kind: "unheard", width: 8, inner: 8, heads: 1, patch: 1, output: 8, image: 8)
        #expect(try shape(unheard).tower == nil)
    }
}
