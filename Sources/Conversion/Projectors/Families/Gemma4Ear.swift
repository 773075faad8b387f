import GGUF
import Safetensors

/// The audio part of Gemma 4's small models: a Conformer on mel spectra.
struct Gemma4Ear: Sendable {
    static let defaults = [
        "hidden_size": "1024", "num_hidden_layers": "12", "num_attention_heads": "8",
    ]
    private static let names = TowerNames(
        outside: [
            "subsample_conv_projection.layer0.conv": "a.conv1d.0",
            "subsample_conv_projection.layer0.norm": "a.conv1d.0.norm",
            "subsample_conv_projection.layer1.conv": "a.conv1d.1",
            "subsample_conv_projection.layer1.norm": "a.conv1d.1.norm",
            "subsample_conv_projection.input_proj_linear": "a.input_projection", "output_proj": "a.pre_encode.out",
        ],
        layers: "layers",
        prefix: "a.blk",
        layer: [
            "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
            "self_attn.post": "attn_out", "self_attn.relative_k_proj": "attn_k_rel",
            "self_attn.per_dim_scale": "per_dim_scale", "norm_pre_attn": "attn_pre_norm",
            "norm_post_attn": "attn_post_norm", "norm_out": "ln2", "feed_forward1.pre_layer_norm": "ffn_norm",
            "feed_forward1.post_layer_norm": "ffn_post_norm", "feed_forward1.ffw_layer_1": "ffn_up",
            "feed_forward1.ffw_layer_2": "ffn_down", "feed_forward2.pre_layer_norm": "ffn_norm_1",
            "feed_forward2.post_layer_norm": "ffn_post_norm_1", "feed_forward2.ffw_layer_1": "ffn_up_1",
            "feed_forward2.ffw_layer_2": "ffn_down_1", "lconv1d.pre_layer_norm": "conv_norm",
            "lconv1d.conv_norm": "norm_conv", "lconv1d.linear_start": "conv_pw1", "lconv1d.linear_end": "conv_pw2",
            "lconv1d.depthwise_conv1d": "conv_dw",
        ]
    )

    let tower: Tower
    private let textWidth: Int
    let headCount: Int
    private let bandCount: Int
    private let epsilon: Double

    /// - Throws: `ConversionProblem`.
    init(_ config: ModelConfig, textWidth: Int) throws {
        let width = try config.requiredCount("hidden_size")
        tower = Tower(
            prefix: "a.blk",
            layerCount: try config.requiredCount("num_hidden_layers"),
            width: width,
            innerWidth: 4 * width,
            norms: ["attn_pre_norm", "ffn_norm"]
        )
        self.textWidth = textWidth
        headCount = try config.requiredCount("num_attention_heads")
        bandCount = try config.integer("input_feat_size") ?? 128
        epsilon = try config.number("layer_norm_eps") ?? 1e-6
    }

    var required: [String: [Int?]] {
        [
            "mm.a.input_projection.weight": [nil, textWidth], "a.pre_encode.out.weight": [tower.width, nil],
            "a.input_projection.weight": [nil, tower.width], "a.conv1d.0.weight": [nil, nil, nil, nil],
            "a.conv1d.1.weight": [nil, nil, nil, nil],
        ]
    }

    func writeKind(to metadata: inout Metadata) throws {
        metadata.set("clip.audio.projector_type", .string("gemma4a"))
        metadata.set("clip.audio.num_mel_bins", .uint32(UInt32(bandCount)))
        SeeingModel.writeEpsilon(epsilon, to: &metadata, "clip.audio")
    }

    /// - Throws: `ConversionProblem.unknownTensor`.
    func output(of tensor: SafetensorsTensor) throws -> ProjectorOutput {
        if tensor.name == "model.embed_audio.embedding_projection.weight" {
            return .init(name: "mm.a.input_projection.weight", dimensions: tensor.shape)
        }
        guard let rest = TowerNames.rest(of: tensor.name, after: "model.audio_tower.") else {
            throw ConversionProblem.unknownTensor(tensor.name)
        }
        let isScale = rest.hasSuffix(".per_dim_scale")
        guard let (base, ending) = isScale ? (rest, ".weight") : Gemma4Projector.split(rest),
            let name = Self.names.name(of: base, layerCount: tower.layerCount)
        else { throw ConversionProblem.unknownTensor(tensor.name) }
        var output = ProjectorOutput(name: name + ending, dimensions: Gemma4Projector.dimensions(of: tensor))
        output.edit.appliesSoftplus = isScale
        // Convolutions, and what follows the first of them, stay in single precision.
        if rest.contains("conv_projection") || rest.contains("_conv1d") { output.storage = .single }
        if base.hasSuffix("depthwise_conv1d") {
            guard tensor.shape.count == 3, tensor.shape[1] == 1 else {
                throw ConversionProblem.wrongShape(
                    tensor: tensor.name,
                    found: tensor.shape,
                    expected: "three dimensions, the middle one 1,"
                )
            }
            output.dimensions = [tensor.shape[0], tensor.shape[2]]
        }
        return output
    }
}
