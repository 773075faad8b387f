import BinaryIO
import GGUF
import Safetensors

/// Qwen2-VL and Qwen2.5-VL: a tower for pictures of any size; Qwen2.5-VL has windows in most layers.
struct Qwen2VLProjector: ProjectorFamily {
    static let architectures = [
        "Qwen2VLModel", "Qwen2VLForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration",
    ]
    /// The defaults of Qwen2.5-VL; Qwen2-VL's files contain all settings.
    static let visionDefaults = [
        "depth": "32", "hidden_size": "3584", "intermediate_size": "3420", "num_heads": "16", "patch_size": "14",
        "spatial_merge_size": "2", "fullatt_block_indexes": "[7,15,23,31]",
    ]
    private static let names = TowerNames(
        outside: ["merger.ln_q": "v.post_ln", "merger.mlp.0": "mm.0", "merger.mlp.2": "mm.2"],
        layers: "blocks",
        prefix: "v.blk",
        layer: [
            "norm1": "ln1", "norm2": "ln2", "attn.proj": "attn_out", "attn.q": "attn_q", "attn.k": "attn_k",
            "attn.v": "attn_v", "mlp.fc1": "ffn_up", "mlp.fc2": "ffn_down", "mlp.up_proj": "ffn_up",
            "mlp.gate_proj": "ffn_gate", "mlp.down_proj": "ffn_down",
        ]
    )
    /// The initial side of a picture in engines, in pixels.
    private static let imageSize = 560

    let model: SeeingModel
    /// Whether the model is Qwen2-VL, whose settings have other names.
    private let isFirst: Bool

    init(_ model: SeeingModel) throws {
        self.model = model
        switch model.json["model_type"]?.string {
        case "qwen2_vl": isFirst = true
        case "qwen2_5_vl": isFirst = false
        default:
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "model_type",
                expected: "qwen2_vl or qwen2_5_vl"
            )
        }
    }

    private var tower: Tower {
        get throws {
            guard isFirst else { return try model.visionTower }
            let width = try model.vision.integer("embed_dim") == nil ? 1280 : model.vision.requiredCount("embed_dim")
            // The reference writes the output width in place of the network's width; nothing reads it.
            let inner =
                try model.json["vision_config"]?["hidden_size"] == nil
                ? model.textWidth : model.vision.requiredCount("hidden_size")
            return Tower(
                prefix: "v.blk",
                layerCount: try model.vision.requiredCount("depth"),
                width: width,
                innerWidth: inner
            )
        }
    }

    var towers: [Tower] {
        get throws {
            let tower = try tower
            guard isFirst else { return [tower] }
            let ratio = try model.vision.number("mlp_ratio") ?? 4
            guard let inner = Int(exactly: (Double(tower.width) * ratio).rounded()), inner > 0 else {
                throw ConversionProblem.invalidValue(file: ModelConfig.file, key: "mlp_ratio", expected: "1 or more")
            }
            return [Tower(prefix: "v.blk", layerCount: tower.layerCount, width: tower.width, innerWidth: inner)]
        }
    }

    var required: [String: [Int?]] {
        get throws {
            let (width, patch) = (try tower.width, try model.patchSize)
            let merged = try width * model.mergedPatches
            return [
                "mm.0.weight": [merged, merged], "mm.2.weight": [merged, model.textWidth], "v.post_ln.weight": [width],
                "v.patch_embd.weight": [patch, patch, 3, width], "v.patch_embd.weight.1": [patch, patch, 3, width],
            ]
        }
    }

    func writeParameters(to metadata: inout Metadata) throws {
        let size = try model.vision.integer("image_size") ?? Self.imageSize
        try model.writeVision(to: &metadata, imageSize: size, tower)
        metadata.set("clip.projector_type", .string(isFirst ? "qwen2vl_merger" : "qwen2.5vl_merger"))
        if !isFirst {
            metadata.set("clip.use_silu", .bool(true))
            metadata.set("clip.vision.n_wa_pattern", .uint32(UInt32(try fullAttentionPeriod())))
        }
        SeeingModel.writeEpsilon(model.json["rms_norm_eps"]?.double ?? 1e-6, to: &metadata)
    }

    /// The distance between layers that attend to all patches.
    private func fullAttentionPeriod() throws -> Int {
        let layers = model.vision.integers("fullatt_block_indexes") ?? []
        let count = try tower.layerCount
        guard let first = layers.first, (0..<count).contains(first),
            layers.enumerated().allSatisfy({ $1 == ($0 + 1) * (first + 1) - 1 })
        else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "fullatt_block_indexes",
                expected: "layers at equal distances, the first as far from the beginning"
            )
        }
        return first + 1
    }

    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        guard let rest = TowerNames.rest(of: tensor.name, after: "visual.", "model.visual.") else { return [] }
        if rest == "patch_embed.proj.weight" { return try ProjectorOutput.frames(of: tensor) }
        let layerCount = try tower.layerCount
        guard let (base, ending) = TowerNames.split(rest) else { throw ConversionProblem.unknownTensor(tensor.name) }
        if base.hasSuffix(".attn.qkv") {
            return try ["q", "k", "v"].enumerated().map { index, letter in
                guard let name = Self.names.name(of: base.dropLast(3) + letter, layerCount: layerCount) else {
                    throw ConversionProblem.unknownTensor(tensor.name)
                }
                return try .third(index, of: tensor, name + ending)
            }
        }
        guard let name = Self.names.name(of: base, layerCount: layerCount) else {
            throw ConversionProblem.unknownTensor(tensor.name)
        }
        return [.init(name: name + ending, dimensions: tensor.shape)]
    }
}

extension SeeingModel {
    /// The number of patches that become one token.
    var mergedPatches: Int {
        get throws {
            let side = try vision.integer("spatial_merge_size") ?? 2
            guard (1...256).contains(side) else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "spatial_merge_size",
                    expected: "1 to 256"
                )
            }
            return side * side
        }
    }
}

extension ProjectorOutput {
    /// Splits a convolution over two frames into one for each frame.
    /// - Throws: `ConversionProblem.wrongShape`.
    static func frames(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        guard tensor.shape.count == 5, tensor.shape[2] == 2 else {
            throw ConversionProblem.wrongShape(
                tensor: tensor.name,
                found: tensor.shape,
                expected: "five dimensions, the middle one 2,"
            )
        }
        let dimensions = [tensor.shape[0], tensor.shape[1], tensor.shape[3], tensor.shape[4]]
        return ["v.patch_embd.weight", "v.patch_embd.weight.1"].enumerated().map { index, name in
            .init(name: name, dimensions: dimensions, edit: TensorEdit(order: .half(isSecond: index == 1)))
        }
    }

    /// Extracts the queries, keys or values from a tensor that contains all three.
    /// - Throws: `ConversionProblem.wrongShape`.
    static func third(_ index: Int, of tensor: SafetensorsTensor, _ name: String) throws -> ProjectorOutput {
        guard let rows = tensor.shape.first, rows.isMultiple(of: 3), (1...2).contains(tensor.shape.count) else {
            throw ConversionProblem.wrongShape(
                tensor: tensor.name,
                found: tensor.shape,
                expected: "a first dimension of three equal parts"
            )
        }
        let count = rows / 3
        let order = RowOrder.picked(Array((index * count)..<((index + 1) * count)))
        return .init(
            name: name,
            dimensions: [count] + tensor.shape.dropFirst(),
            edit: TensorEdit(order: order)
        )
    }
}
