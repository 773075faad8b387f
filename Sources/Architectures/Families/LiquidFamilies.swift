extension Family {
    /// LFM2: most layers have a convolution. In its files, the last norm has the name of an embedding norm.
    static let liquids: [String: Family] = [
        "lfm2": Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            windows: WindowRule(.all),
            hasConvolutions: true,
            outputNorm: "token_embd_norm",
            sumOrder: .stateFirst
        ),
        "lfm2moe": Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            experts: .requiredAfterDense,
            hasConvolutions: true,
            outputNorm: "token_embd_norm",
            sumOrder: .stateFirst
        ),
    ]
}
