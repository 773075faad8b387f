extension Family {
    /// LFM2: most layers convolve. Their files name the last norm as if it were the embedding's.
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
