import Architectures
import GGUF
import Tensors

/// Decides whether a tensor may change its type at all, by llama.cpp's rules on shape and name.
enum Quantizable {
    /// Substrings of the names of tensors that keep their type: norms, routers, small mixing weights, positions,
    /// convolutions.
    private static let exempt = [
        "_norm.weight", "ffn_gate_inp.weight", "ffn_gate_tid2eid.weight", "altup", "laurel", "per_layer_model_proj",
        "ssm_conv1d", "shortconv.conv.weight", "indexer.k_proj.weight", "indexer.q_proj.weight",
        "time_mix_first.weight", "time_mix_w0.weight", "time_mix_w1.weight", "time_mix_w2.weight",
        "time_mix_v0.weight", "time_mix_v1.weight", "time_mix_v2.weight", "time_mix_a0.weight", "time_mix_a1.weight",
        "time_mix_a2.weight", "time_mix_g1.weight", "time_mix_g2.weight", "time_mix_decay_w1.weight",
        "time_mix_decay_w2.weight", "time_mix_lerp_fused.weight", "attn_rel_b.weight", ".position_embd",
        "sam.pos_embd", "sam.neck.", "sam.net_", ".rel_pos", ".patch_embd", ".patch_merger", "a.rvq.codebook",
        "mm.a.code_embd",
    ]
    private static let exemptNames: Set = ["position_embd.weight", "token_types.weight"]

    static func allows(_ tensor: GGUFTensor, by rule: StorageRule) -> Bool {
        let name = tensor.name
        // As in ggml, trailing dimensions of one do not count.
        guard tensor.shape.withoutTrailingOnes.dimensions.count >= 2, name.hasSuffix("weight"),
            !exemptNames.contains(name)
        else { return false }
        return !rule.leavesAlone(name) && !exempt.contains(where: name.contains)
    }
}
