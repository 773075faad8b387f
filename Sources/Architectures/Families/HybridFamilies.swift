extension Family {
    /// Architectures with state spaces in most layers, or in all layers beside attention.
    static let hybrids: [String: Family] = [
        "falcon-h1": Family(
            rotaryLayout: .halves,
            stateSpaces: .besideAttention,
            networkNormIsBare: true
        ),
        "granitehybrid": Family(
            experts: .optional,
            hasScales: true,
            maySwitchPositions: true,
            stateSpaces: .withoutKeys
        ),
        // A layer is either a mixer or a network, and none uses RoPE.
        "nemotron_h": Family(
            activation: .plainSquaredReLU,
            stateSpaces: .aloneWithoutKeys,
            lacksPositions: true,
            takesEitherEpsilon: true,
            picksRowsLast: true
        ),
    ]
}
