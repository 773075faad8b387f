extension Family {
    static let gemmas: [String: Family] = [
        "gemma": Family(rotaryLayout: .halves, activation: .gatedGELU, scalesEmbedding: true),
        "gemma2": Family(
            rotaryLayout: .halves,
            normPlacement: .around,
            activation: .gatedGELU,
            scalesEmbedding: true,
            windows: WindowRule(.allButLast(of: 2), size: 4096),
            softCaps: SoftCaps(attention: 50, final: 30),
            layersOfLargest: 46
        ),
        "gemma3": Family(
            rotaryLayout: .halves,
            normPlacement: .around,
            headNorm: .perHead,
            activation: .gatedGELU,
            scalesEmbedding: true,
            windows: WindowRule(.allButLast(of: 6)),
            localRotary: .base(10000),
            softCaps: SoftCaps(),
            layersOfLargest: 62
        ),
        "gemma-embedding": Family(
            rotaryLayout: .halves,
            normPlacement: .around,
            headNorm: .perHead,
            activation: .gatedGELU,
            scalesEmbedding: true,
            windows: WindowRule(.allButLast(of: 6), isRequired: true),
            localRotary: .ownBase(isScaled: true),
            seesBothWays: true,
            mayHaveDense: true
        ),
        "gemma3n": Family(
            rotaryLayout: .halves,
            normPlacement: .around,
            headNorm: .perHead,
            activation: .gatedGELU,
            scalesEmbedding: true,
            windows: WindowRule(.allButLast(of: 5), isRequired: true),
            localRotary: .ownBase(isScaled: false),
            softCaps: SoftCaps(final: 30),
            firstSharing: 20,
            hasStreams: true,
            sparseLayers: 10,
            normalizesValues: true,
            scalesScores: false,
            hasLayerInputs: true,
            picksRowsLast: true
        ),
        "gemma4": Family(
            rotaryLayout: .halves,
            normPlacement: .around,
            headNorm: .perHead,
            activation: .gatedGELU,
            experts: .besideDense,
            scalesEmbedding: true,
            windows: WindowRule(.listed),
            localRotary: .base(10000),
            softCaps: SoftCaps(),
            hasLocalHeads: true,
            sharesLayers: true,
            normalizesValues: true,
            mayTakeKeysForValues: true,
            scalesScores: false,
            hasLayerInputs: true,
            mayScaleLayers: true,
            picksRowsLast: true
        ),
    ]
}
