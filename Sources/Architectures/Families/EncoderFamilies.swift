extension Family {
    /// Architectures with bidirectional attention that predict no tokens.
    static let encoders: [String: Family] = [
        "bert": bert(rotaryLayout: nil, activation: .plainGELU, classifier: ClassifierRule()),
        "nomic-bert": bert(rotaryLayout: .halves, activation: .gatedSiLU, classifier: nil),
        "modern-bert": Family(
            rotaryLayout: .halves,
            norm: .layer,
            activation: .gatedGELU,
            windows: WindowRule(.allButFirst(of: 3)),
            localRotary: .ownBase(isScaled: true),
            output: .none,
            fusesMatrices: true,
            normsEmbedding: true,
            firstMayLackNorm: true,
            seesBothWays: true,
            classifier: ClassifierRule(activation: .gelu, readsMean: true)
        ),
    ]

    private static func bert(
        rotaryLayout: RotaryLayout?,
        activation: Activation,
        classifier: ClassifierRule?
    ) -> Family {
        Family(
            rotaryLayout: rotaryLayout,
            norm: .layer,
            hasNormBias: true,
            normPlacement: .onSums,
            activation: activation,
            output: .none,
            outputNorm: nil,
            normsEmbedding: true,
            hasTokenTypes: true,
            seesBothWays: true,
            classifier: classifier
        )
    }
}
