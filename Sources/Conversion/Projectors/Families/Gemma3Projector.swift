import GGUF
import Safetensors

/// Gemma 3: SigLIP on pictures of one size, whose patches are pooled to 256 tokens.
struct Gemma3Projector: ProjectorFamily {
    static let architectures = ["Gemma3ForConditionalGeneration"]
    static let visionDefaults = [
        "hidden_size": "768", "intermediate_size": "3072", "num_hidden_layers": "12", "num_attention_heads": "12",
        "image_size": "224", "patch_size": "16", "layer_norm_eps": "1e-6",
    ]
    /// The number of patches per side that are pooled to one token, in the published models; other models specify it.
    private static let usualScale = 4

    let model: SeeingModel

    init(_ model: SeeingModel) throws {
        self.model = model
        // Otherwise the pooling would combine patches of the wrong parts of the picture.
        let patch = try model.patchSize
        guard try model.vision.requiredCount("image_size").isMultiple(of: patch) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "image_size",
                expected: "a multiple of 'patch_size', \(patch)"
            )
        }
    }

    var required: [String: [Int?]] {
        get throws {
            let (width, patch) = (try model.visionWidth, try model.patchSize)
            return [
                "mm.input_projection.weight": [model.textWidth, width], "mm.soft_emb_norm.weight": [width],
                "v.patch_embd.weight": [patch, patch, 3, width],
                "v.position_embd.weight": [width, try model.patchCount],
            ]
        }
    }

    func writeParameters(to metadata: inout Metadata) throws {
        let size = try model.vision.requiredCount("image_size")
        try model.writeVision(to: &metadata, imageSize: size, model.visionTower)
        metadata.set("clip.projector_type", .string("gemma3"))
        SeeingModel.writeEpsilon(try model.vision.requiredNumber("layer_norm_eps"), to: &metadata)
        metadata.set("clip.use_gelu", .bool(true))
        let tokens = try model.processor.count("image_seq_length") ?? 256
        let scale = try size / model.patchSize / Int(Double(tokens).squareRoot())
        if scale > 0, scale != Self.usualScale {
            metadata.set("clip.vision.projector.scale_factor", .uint32(UInt32(scale)))
        }
    }

    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        let name = TowerNames.rest(of: tensor.name, after: "model.") ?? tensor.name
        if let rest = TowerNames.rest(of: name, after: "multi_modal_projector.") {
            switch rest {
            case "mm_input_projection_weight":
                return [.init(name: "mm.input_projection.weight", dimensions: tensor.shape, storage: .half)]
            case "mm_soft_emb_norm.weight":
                let edit = TensorEdit(shift: 1)
                return [.init(name: "mm.soft_emb_norm.weight", dimensions: tensor.shape, edit: edit)]
            default: throw ConversionProblem.unknownTensor(tensor.name)
            }
        }
        guard let rest = TowerNames.rest(of: name, after: "vision_tower.vision_model.", "vision_tower.") else {
            return []
        }
        // SigLIP's own pooling head, which some checkpoints contain and no model uses.
        if rest.hasPrefix("head.") { return [] }
        return [try model.siglipOutput(of: tensor, rest, keepsEmbeddings: true)]
    }
}

extension SeeingModel {
    /// The output for a tensor of a SigLIP tower.
    /// - Parameters:
    ///   - rest: its name inside the tower.
    ///   - keepsEmbeddings: whether the patch embedding stays in single precision too.
    func siglipOutput(
        of tensor: SafetensorsTensor,
        _ rest: String,
        keepsEmbeddings: Bool
    ) throws -> ProjectorOutput {
        guard let (base, ending) = TowerNames.split(rest),
            let name = try TowerNames.siglip.name(of: base, layerCount: visionTower.layerCount)
        else { throw ConversionProblem.unknownTensor(tensor.name) }
        let storage: ProjectorOutput.Storage = keepsEmbeddings && base.hasPrefix("embeddings.") ? .single : .asked
        return ProjectorOutput(name: name + ending, dimensions: tensor.shape, storage: storage)
    }
}
