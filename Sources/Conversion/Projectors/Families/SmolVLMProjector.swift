import GGUF
import Safetensors

/// SmolVLM and Idefics 3: SigLIP on tiles of a picture; pixel unshuffling turns patches into fewer, wider tokens.
struct SmolVLMProjector: ProjectorFamily {
    static let architectures = ["Idefics3ForConditionalGeneration", "SmolVLMForConditionalGeneration"]
    static let visionDefaults = [
        "hidden_size": "1152", "intermediate_size": "3072", "num_hidden_layers": "12", "num_attention_heads": "16",
        "image_size": "224", "patch_size": "32", "layer_norm_eps": "1e-6",
    ]

    let model: SeeingModel
    private let scale: Int

    init(_ model: SeeingModel) throws {
        self.model = model
        scale = try model.integer("scale_factor", standard: 2)
    }

    var required: [String: [Int?]] {
        get throws {
            let (width, patch) = (try model.visionWidth, try model.patchSize)
            return [
                // Each factor fits into 16 bits, so the product does not overflow.
                "mm.model.fc.weight": [width * scale * scale, model.textWidth],
                "v.patch_embd.weight": [patch, patch, 3, width],
                "v.position_embd.weight": [width, try model.patchCount],
            ]
        }
    }

    func writeParameters(to metadata: inout Metadata) throws {
        let size = try model.vision.requiredCount("image_size")
        try model.writeVision(to: &metadata, imageSize: size, model.visionTower)
        metadata.set("clip.projector_type", .string("idefics3"))
        SeeingModel.writeEpsilon(try model.vision.requiredNumber("layer_norm_eps"), to: &metadata)
        metadata.set("clip.vision.projector.scale_factor", .uint32(UInt32(scale)))
        metadata.set("clip.use_gelu", .bool(true))
        // The longest side of a picture before it is cut into tiles, in pixels.
        let longest = try model.processor.count("size", "longest_edge") ?? size
        metadata.set("clip.vision.preproc_image_size", .uint32(UInt32(longest)))
    }

    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        if tensor.name == "model.connector.modality_projection.proj.weight" {
            return [.init(name: "mm.model.fc.weight", dimensions: tensor.shape)]
        }
        guard let rest = TowerNames.rest(of: tensor.name, after: "model.vision_model.") else { return [] }
        return [try model.siglipOutput(of: tensor, rest, keepsEmbeddings: true)]
    }
}
