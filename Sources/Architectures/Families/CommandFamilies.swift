extension Family {
    /// Architectures that differ from Llama, Qwen or Gemma in one or two traits.
    static let commands: [String: Family] = [
        "apertus": Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            activation: .plainXIELU(XIELU()),
            output: .given
        ),
        "arcee": Family(activation: .plainSquaredReLU),
        // Attention and network share one norm without a bias, and only layers with a window use RoPE.
        "cohere2": Family(
            norm: .layer,
            windows: WindowRule(.allButLast(of: 4), isRequired: true),
            rotatesWindowsOnly: true,
            multipliesLogits: true,
            output: .embedding,
            mayRunInParallel: true
        ),
        "ernie4_5": Family(),
        "ernie4_5-moe": Family(experts: .besideShared),
        // Only the largest model has windows, whatever the files of the others say.
        "exaone4": Family(
            rotaryLayout: .halves,
            normPlacement: .after,
            headNorm: .perHead,
            windows: WindowRule(.allButLast(of: 4), size: 4096, inModelsOf: 64),
            rotatesWindowsOnly: true
        ),
        "glm4": Family(normPlacement: .around, fusesMatrices: true),
        "hunyuan-dense": Family(rotaryLayout: .halves, headNorm: .perRotatedHead),
        "mistral3": Family(experts: .optional, hasTemperature: true),
        "seed_oss": Family(rotaryLayout: .halves, networkNorm: "post_attention_norm"),
    ]
}
