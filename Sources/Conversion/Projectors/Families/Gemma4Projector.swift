import GGUF
import Safetensors

/// Gemma 4: its own tower for pictures of any size, and in the small models an audio part (`Gemma4Ear`).
struct Gemma4Projector: ProjectorFamily {
    static let architectures = ["Gemma4ForConditionalGeneration"]
    static let visionDefaults = [
        "hidden_size": "768", "intermediate_size": "3072", "num_hidden_layers": "16", "num_attention_heads": "12",
        "patch_size": "16", "position_embedding_size": "10240",
    ]
    static let audioDefaults = Gemma4Ear.defaults
    private static let names = TowerNames(
        outside: ["std_bias": "v.std_bias", "std_scale": "v.std_scale"],
        layers: "encoder.layers",
        prefix: "v.blk",
        layer: [
            "input_layernorm": "ln1", "post_attention_layernorm": "attn_post_norm",
            "pre_feedforward_layernorm": "ln2", "post_feedforward_layernorm": "ffn_post_norm",
            "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
            "self_attn.o_proj": "attn_out", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
            "mlp.up_proj": "ffn_up", "mlp.gate_proj": "ffn_gate", "mlp.down_proj": "ffn_down",
            "layer_scalar": "out_scale",
        ]
    )
    /// The side of a picture in pixels, which no engine reads.
    private static let imageSize = 224

    let model: SeeingModel
    private let ear: Gemma4Ear?

    init(_ model: SeeingModel) throws {
        self.model = model
        ear = try model.audio.map { try Gemma4Ear($0, textWidth: model.textWidth) }
    }

    var towers: [Tower] { get throws { try [model.visionTower] + (ear.map { [$0.tower] } ?? []) } }

    var required: [String: [Int?]] {
        get throws {
            let (width, patch) = (try model.visionWidth, try model.patchSize)
            let own: [String: [Int?]] = [
                "mm.input_projection.weight": [width, model.textWidth],
                "v.patch_embd.weight": [patch, patch, 3, width],
                "v.position_embd.weight": [width, try model.vision.requiredCount("position_embedding_size"), 2],
            ]
            return own.merging(ear?.required ?? [:]) { own, _ in own }
        }
    }

    func writeParameters(to metadata: inout Metadata) throws {
        try model.writeVision(to: &metadata, imageSize: Self.imageSize, model.visionTower)
        if let ear { model.writeAudio(to: &metadata, ear.tower, heads: ear.headCount) }
        metadata.set("clip.vision.projector_type", .string("gemma4v"))
        SeeingModel.writeEpsilon(try model.vision.number("layer_norm_eps") ?? 1e-6, to: &metadata)
        try ear?.writeKind(to: &metadata)
    }

    func outputs(of tensor: SafetensorsTensor) throws -> [ProjectorOutput] {
        switch tensor.name {
        case "model.embed_vision.embedding_projection.weight":
            return [.init(name: "mm.input_projection.weight", dimensions: tensor.shape)]
        case "model.vision_tower.patch_embedder.input_proj.weight":
            var output = ProjectorOutput(name: "v.patch_embd.weight", dimensions: tensor.shape)
            try output.makePatches(of: tensor, side: model.patchSize)
            return [output]
        case "model.vision_tower.patch_embedder.position_embedding_table":
            return [.init(name: "v.position_embd.weight", dimensions: tensor.shape, storage: .single)]
        default: break
        }
        if tensor.name.contains("audio_tower") || tensor.name.contains("embed_audio") {
            guard let ear else { throw ConversionProblem.unknownTensor(tensor.name) }
            return [try ear.output(of: tensor)]
        }
        guard let rest = TowerNames.rest(of: tensor.name, after: "model.vision_tower.") else { return [] }
        guard let (base, ending) = Self.split(rest),
            let name = Self.names.name(of: base, layerCount: try model.visionTower.layerCount)
        else { throw ConversionProblem.unknownTensor(tensor.name) }
        return [.init(name: name + ending, dimensions: Self.dimensions(of: tensor))]
    }

    /// Splits the name of the limits that clip some matrices' inputs and outputs; these are stored beside the matrix,
    /// which is one level deeper.
    static func split(_ rest: String) -> (base: String, ending: String)? {
        let name = rest.replacing(".linear.weight", with: ".weight")
        if let (base, ending) = TowerNames.split(
            name,
            endings: ["weight", "bias", "input_max", "input_min", "output_max", "output_min"]
        ) {
            return (String(base), ending)
        }
        // Parameters outside of modules: a layer's scalar gets a module's name in GGUF, the tower's vectors do not.
        if name.hasSuffix("layer_scalar") { return (name, ".weight") }
        return ["std_bias", "std_scale"].contains(name) ? (name, "") : nil
    }

    /// The dimensions of a tensor; a single number becomes a vector of one element.
    static func dimensions(of tensor: SafetensorsTensor) -> [Int] { tensor.shape.isEmpty ? [1] : tensor.shape }
}
