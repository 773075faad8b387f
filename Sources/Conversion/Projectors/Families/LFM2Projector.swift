import BinaryIO
import GGUF
import Safetensors

/// LFM2-VL: SigLIP 2 on pictures of any size; pixel unshuffling turns patches into fewer, wider tokens.
struct LFM2Projector: ProjectorFamily {
    static let architectures = ["Lfm2VlForConditionalGeneration"]
    static let visionDefaults = [
        "hidden_size": "768", "intermediate_size": "3072", "num_hidden_layers": "12", "num_attention_heads": "12",
        "patch_size": "16", "layer_norm_eps": "1e-6", "num_patches": "256",
    ]
    /// The initial side of a picture in engines, in pixels.
    private static let imageSize = 256
    /// The only patch size that the reference supports, in pixels.
    private static let patch = 16

    let model: SeeingModel
    private let scale: Int

    init(_ model: SeeingModel) throws {
        self.model = model
        scale = try model.integer("downsample_factor", standard: 2)
        guard try model.patchSize == Self.patch else {
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: "patch_size", expected: "\(Self.patch)")
        }
    }

    var required: [String: [Int?]] {
        get throws {
            let width = try model.visionWidth
            return [
                "mm.1.weight": [width * scale * scale, nil], "mm.2.weight": [nil, model.textWidth],
                "v.patch_embd.weight": [Self.patch, Self.patch, 3, width],
                "v.position_embd.weight": [width, try model.vision.requiredCount("num_patches")],
            ]
        }
    }

    func writeParameters(to metadata: inout Metadata) throws {
        let tower = try model.visionTower
        try model.writeVision(to: &metadata, imageSize: Self.imageSize, tower)
        metadata.set("clip.projector_type", .string("lfm2"))
        SeeingModel.writeEpsilon(try model.vision.requiredNumber("layer_norm_eps"), to: &metadata)
        metadata.set("clip.vision.projector.scale_factor", .uint32(UInt32(scale)))
        metadata.set("clip.use_gelu", .bool(true))
        metadata.set("clip.vision.block_count", .uint32(UInt32(try layerCount(of: tower))))
    }

    /// The number of layers that engines need. The layer whose output is used is counted from the end, with -1 for the
    /// last; later layers are left out.
    private func layerCount(of tower: Tower) throws -> Int {
        let layer = model.json["vision_feature_layer"].flatMap { $0.isNull ? nil : $0 }
        guard let layer else { return tower.layerCount }
        guard let place = layer.integer, (-tower.layerCount...(-1)).contains(place) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "vision_feature_layer",
                expected: "-\(tower.layerCount) to -1"
            )
        }
        return tower.layerCount + place + 1
    }

    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        let name = TowerNames.rest(of: tensor.name, after: "model.") ?? tensor.name
        if let rest = TowerNames.rest(of: name, after: "multi_modal_projector.") {
            let names = ["layer_norm": "mm.input_norm", "linear_1": "mm.1", "linear_2": "mm.2"]
            guard let (base, ending) = TowerNames.split(rest), let name = names[String(base)] else {
                throw ConversionProblem.unknownTensor(tensor.name)
            }
            return [.init(name: name + ending, dimensions: tensor.shape)]
        }
        guard let rest = TowerNames.rest(of: name, after: "vision_tower.vision_model.", "vision_tower.") else {
            return []
        }
        var output = try model.siglipOutput(of: tensor, rest, keepsEmbeddings: false)
        if output.name == "v.patch_embd.weight" {
            try output.makePatches(of: tensor, side: Self.patch)
        }
        return [output]
    }
}

extension ProjectorOutput {
    /// Converts rows with a patch's pixels, colours alternating, to one plane per colour.
    /// - Parameter side: the side of a patch, in pixels.
    /// - Throws: `ConversionProblem.wrongShape`.
    mutating func makePatches(of tensor: SafetensorsTensor, side: Int) throws {
        let (area, overflow) = side.multipliedReportingOverflow(by: side)
        guard !overflow, tensor.shape.count == 2, tensor.shape[1].isMultiple(of: 3), tensor.shape[1] / 3 == area else {
            throw ConversionProblem.wrongShape(
                tensor: tensor.name,
                found: tensor.shape,
                expected: "rows of three colours for each pixel of a patch of \(side) x \(side)"
            )
        }
        dimensions = [tensor.shape[0], 3, side, side]
        edit.order = .planes(count: 3, area: area)
    }
}
