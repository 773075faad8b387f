import BinaryIO
import GGUF
import Safetensors

/// Qwen3-VL and Qwen3.5: a tower for pictures of any size; in Qwen3-VL the language model also receives the states of
/// some layers.
struct Qwen3VLProjector: ProjectorFamily {
    static let architectures = [
        "Qwen3VLForConditionalGeneration", "Qwen3VLMoeForConditionalGeneration", "Qwen3_5ForConditionalGeneration",
        "Qwen3_5MoeForConditionalGeneration",
    ]
    static let visionDefaults = [
        "depth": "27", "hidden_size": "1152", "intermediate_size": "4304", "num_heads": "16", "patch_size": "16",
        "spatial_merge_size": "2", "num_position_embeddings": "2304",
    ]
    /// The default of transformers for Qwen3-VL; Qwen3.5 has none.
    private static let usualDeepLayers = [8, 16, 24]
    private static let names = TowerNames(
        outside: [
            "merger.linear_fc1": "mm.0", "merger.linear_fc2": "mm.2", "merger.norm": "v.post_ln",
            "patch_embed.proj": "v.patch_embd", "pos_embed": "v.position_embd",
        ],
        layers: "blocks",
        prefix: "v.blk",
        layer: [
            "norm1": "ln1", "norm2": "ln2", "attn.proj": "attn_out", "attn.qkv": "attn_qkv",
            "mlp.linear_fc1": "ffn_up", "mlp.linear_fc2": "ffn_down",
        ]
    )
    private static let deepNames = ["norm": "norm", "linear_fc1": "fc1", "linear_fc2": "fc2"]

    let model: SeeingModel
    /// The layers whose states the language model receives.
    private let deepLayers: [Int]

    init(_ model: SeeingModel) throws {
        self.model = model
        let isThird = model.json["architectures"]?.array?.first?.string?.hasPrefix("Qwen3VL") == true
        deepLayers = model.vision.integers("deepstack_visual_indexes") ?? (isThird ? Self.usualDeepLayers : [])
        let layers = try 0..<model.visionTower.layerCount
        guard deepLayers.allSatisfy(layers.contains), Set(deepLayers).count == deepLayers.count else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "deepstack_visual_indexes",
                expected: "different layers from 0 to \(layers.upperBound - 1)"
            )
        }
    }

    var required: [String: [Int?]] {
        get throws {
            let (width, patch) = (try model.visionWidth, try model.patchSize)
            let merged = try width * model.mergedPatches
            var shapes: [String: [Int?]] = [
                "mm.0.weight": [merged, merged], "mm.2.weight": [merged, model.textWidth], "v.post_ln.weight": [width],
                "v.patch_embd.weight": [patch, patch, 3, width], "v.patch_embd.weight.1": [patch, patch, 3, width],
                "v.patch_embd.bias": [width],
                "v.position_embd.weight": [width, try model.vision.requiredCount("num_position_embeddings")],
            ]
            for layer in deepLayers {
                shapes["v.deepstack.\(layer).norm.weight"] = [merged]
                shapes["v.deepstack.\(layer).fc1.weight"] = [merged, merged]
                shapes["v.deepstack.\(layer).fc2.weight"] = [merged, model.textWidth]
            }
            return shapes
        }
    }

    func writeParameters(to metadata: inout Metadata) throws {
        let tower = try model.visionTower
        try model.writeVision(to: &metadata, imageSize: try imageSize, tower)
        metadata.set("clip.projector_type", .string("qwen3vl_merger"))
        metadata.set("clip.use_gelu", .bool(true))
        if let side = try model.vision.integer("spatial_merge_size") {
            metadata.set("clip.vision.spatial_merge_size", .uint32(UInt32(side)))
        }
        SeeingModel.writeEpsilon(model.json["text_config"]?["rms_norm_eps"]?.double ?? 1e-6, to: &metadata)
        let isDeep = (0..<tower.layerCount).map(deepLayers.contains)
        metadata.set("clip.vision.is_deepstack_layers", .array(.bool(isDeep)))
    }

    /// The side, in pixels, of the picture whose patches have separate position embeddings.
    private var imageSize: Int {
        get throws {
            if let size = try model.vision.integer("image_size") { return size }
            let positions = try model.vision.requiredCount("num_position_embeddings")
            return Int(Double(positions).squareRoot() * Double(try model.patchSize))
        }
    }

    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        guard let rest = TowerNames.rest(of: tensor.name, after: "visual.", "model.visual.") else { return [] }
        if rest == "patch_embed.proj.weight" { return try ProjectorOutput.frames(of: tensor) }
        guard let (base, ending) = TowerNames.split(rest), let name = try name(of: base) else {
            throw ConversionProblem.unknownTensor(tensor.name)
        }
        return [.init(name: name + ending, dimensions: tensor.shape)]
    }

    private func name(of base: Substring) throws -> String? {
        guard let rest = TowerNames.rest(of: base, after: "deepstack_merger_list.") else {
            return Self.names.name(of: base, layerCount: try model.visionTower.layerCount)
        }
        // The checkpoint numbers them from 0; the output uses the number of the layer.
        let parts = rest.split(separator: ".")
        guard parts.count == 2, let index = Int(parts[0]), deepLayers.indices.contains(index),
            let name = Self.deepNames[String(parts[1])]
        else { return nil }
        return "v.deepstack.\(deepLayers[index]).\(name)"
    }
}
