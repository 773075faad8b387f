extension Family {
    /// Architectures that this program does not run, with the traits that affect their memory or their quantization.
    static let partials: [String: Family] = [
        "bailingmoe3": partial(storage: StorageRule(expertsAreNetworksAlone: true)),
        "deci": partial(storage: StorageRule(layersOfSeventyBillion: 80)),
        "falcon": partial(storage: StorageRule(hasMixOfFalcon: true)),
        "glm5-next": partial(storage: .nextGLM),
        "jais2": partial(storage: StorageRule(layersOfSeventyBillion: 68)),
        "olmo": partial(storage: StorageRule(layersOfSeventyBillion: 80)),
    ]
}

extension StorageRule {
    /// Projections of its index, its gates and its latent attention are not quantized.
    fileprivate static let nextGLM = StorageRule(
        unquantized: [
            "hc_", "indexer.attn_q_b", "indexer.attn_k", "indexer.proj", "indexer_compressor_gate",
            "indexer_compressor_ape", "ssm_f_a.weight", "ssm_f_b.weight", "ssm_g_a.weight", "ssm_g_b.weight",
            "ssm_beta.weight", "attn_kv_a_mqa.weight", "attn_k_b.weight", "attn_v_b.weight",
        ],
        eightBits: ["attn_q_a", "attn_q_b", "nextn.eh_proj"]
    )
}
