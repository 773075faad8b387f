extension Family {
    /// Families with state spaces: in most layers, or beside attention in all.
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
        // A layer is a mixer or a network, and none knows positions.
        "nemotron_h": Family(
            activation: .plainSquaredReLU,
            stateSpaces: .aloneWithoutKeys,
            lacksPositions: true,
            takesEitherEpsilon: true,
            picksRowsLast: true
        ),
    ]
}
