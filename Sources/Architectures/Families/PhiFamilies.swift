extension Family {
    /// Files of Phi-3 name a window that engines do not use.
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
