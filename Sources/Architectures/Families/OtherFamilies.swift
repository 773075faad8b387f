extension Family {
    static let others: [String: Family] = [
        "gpt-oss": Family(
            rotaryLayout: .halves,
            activation: .gatedClampedSiLU,
            experts: .biased,
            hasSinks: true,
            windows: WindowRule(.allButLast(of: 2), isRequired: true),
            localRotary: .ownBase(isScaled: true),
            output: .given,
            picksRowsBeforeNorm: true,
            networkNorm: "post_attention_norm"
        ),
        "gpt2": Family(rotaryLayout: nil, norm: .layer, hasNormBias: true, activation: .plainGELU),
        "olmo2": Family(
            rotaryLayout: .halves,
            normPlacement: .after,
            headNorm: .whole,
            windows: WindowRule(.allButLast(of: 4)),
            localRotary: .unscaled,
            output: .given
        ),
        "stablelm": Family(
            rotaryLayout: .halves,
            norm: .layer,
            hasNormBias: true,
            headNorm: .optionalOwn,
            mayRunInParallel: true
        ),
    ]
}
