extension Family {
    /// Files of Phi-3 give a window that engines ignore.
    static let phis: [String: Family] = [
        "phi3": Family(rotaryLayout: .halves, fusesMatrices: true, sumOrder: .stateFirstAfterNetwork),
        "phimoe": Family(
            rotaryLayout: .halves,
            hasNormBias: true,
            experts: .required,
            sumOrder: .stateFirstAfterNetwork
        ),
    ]
}
