import GGUF
import Safetensors

/// Gemma 4 without towers (12B): a linear projection maps patches, and another one frames of sound, directly to the
/// language model.
struct Gemma4UnifiedProjector: ProjectorFamily {
    static let architectures = ["Gemma4UnifiedForConditionalGeneration"]
    static let visionDefaults = [
        "patch_size": "16", "pooling_kernel_size": "3", "mm_embed_dim": "3840", "mm_posemb_size": "1120",
    ]
    static let audioDefaults = ["audio_embed_dim": "640"]
    private static let names = [
        "patch_dense": "v.patch_embd", "patch_ln1": "v.patch_norm.1", "patch_ln2": "v.patch_norm.2",
        "pos_norm": "v.patch_norm.3",
    ]
    /// The side of a picture in pixels, which no engine reads.
    private static let imageSize = 224

    let model: SeeingModel
    private let width: Int
    private let positions: Int
    /// The side of the square that becomes one token, in pixels.
    private let side: Int
    private let soundWidth: Int
    private let bandCount: Int

    init(_ model: SeeingModel) throws {
        guard let audio = model.audio else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "audio_config")
        }
        self.model = model
        width = try model.vision.requiredCount("mm_embed_dim")
        positions = try model.vision.requiredCount("mm_posemb_size")
        side = try model.patchSize * model.vision.requiredCount("pooling_kernel_size")
        guard side <= 1 << 12 else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "patch_size",
                expected: "at most 4096 pixels with 'pooling_kernel_size'"
            )
        }
        soundWidth = try audio.requiredCount("audio_embed_dim")
        bandCount = try audio.integer("input_feat_size") ?? 128
    }

    var towers: [Tower] { [] }

    var required: [String: [Int?]] {
        [
            "mm.input_projection.weight": [nil, model.textWidth],
            "mm.a.input_projection.weight": [soundWidth, model.textWidth],
            "v.patch_embd.weight": [side * side * 3, width], "v.position_embd.weight": [width, positions, 2],
            "v.patch_norm.1.weight": [side * side * 3], "v.patch_norm.2.weight": [width],
            "v.patch_norm.3.weight": [width],
        ]
    }

    func writeParameters(to metadata: inout Metadata) throws {
        let tower = Tower(prefix: "v.blk", layerCount: 0, width: width, innerWidth: 0)
        try model.writeVision(to: &metadata, imageSize: Self.imageSize, tower, heads: 0)
        let sound = Tower(prefix: "a.blk", layerCount: 0, width: soundWidth, innerWidth: 0)
        model.writeAudio(to: &metadata, sound, heads: 0)
        metadata.set("clip.vision.projector_type", .string("gemma4uv"))
        SeeingModel.writeEpsilon(try model.vision.number("layer_norm_eps") ?? 1e-6, to: &metadata)
        metadata.set("clip.audio.projector_type", .string("gemma4ua"))
        metadata.set("clip.audio.num_mel_bins", .uint32(UInt32(bandCount)))
        SeeingModel.writeEpsilon(try model.audio?.number("layer_norm_eps") ?? 1e-6, to: &metadata, "clip.audio")
    }

    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        switch tensor.name {
        case "model.embed_vision.embedding_projection.weight":
            return [.init(name: "mm.input_projection.weight", dimensions: tensor.shape)]
        case "model.embed_audio.embedding_projection.weight":
            return [.init(name: "mm.a.input_projection.weight", dimensions: tensor.shape)]
        case "model.vision_embedder.pos_embedding":
            return [try positionTable(of: tensor)]
        default: break
        }
        guard let rest = TowerNames.rest(of: tensor.name, after: "model.vision_embedder.") else { return [] }
        guard let (base, ending) = TowerNames.split(rest), let name = Self.names[String(base)] else {
            throw ConversionProblem.unknownTensor(tensor.name)
        }
        var output = ProjectorOutput(name: name + ending, dimensions: tensor.shape)
        // Engines read pixels plane by plane.
        if base == "patch_ln1" || base == "patch_dense" && ending == ".weight" {
            guard tensor.shape.last == side * side * 3 else {
                throw ConversionProblem.wrongShape(
                    tensor: tensor.name,
                    found: tensor.shape,
                    expected: "rows of three colours for each pixel of \(side) x \(side)"
                )
            }
            output.edit.order = .planes(count: 3, area: side * side)
        }
        return [output]
    }

    /// Splits the alternating rows of the two coordinates into two tables.
    private func positionTable(of tensor: SafetensorsTensor) throws -> ProjectorOutput {
        guard tensor.shape == [positions, 2, width] else {
            throw ConversionProblem.wrongShape(
                tensor: tensor.name,
                found: tensor.shape,
                expected: "\([positions, 2, width])"
            )
        }
        let rows = (0..<2).flatMap { half in (0..<positions).map { $0 * 2 + half } }
        return ProjectorOutput(
            name: "v.position_embd.weight",
            dimensions: [2, positions, width],
            edit: TensorEdit(order: .picked(rows)),
            storage: .single
        )
    }
}
