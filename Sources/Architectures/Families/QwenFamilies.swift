extension Family {
    static let qwens: [String: Family] = [
        "qwen2": Family(rotaryLayout: .halves, storage: StorageRule(layersOfSeventyBillion: 80)),
        "qwen2moe": Family(rotaryLayout: .halves, experts: .withGatedShared),
        "qwen3": Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            classifier: ClassifierRule(mayHaveHead: false, givesShares: true)
        ),
        "qwen3moe": Family(rotaryLayout: .halves, headNorm: .perHead, experts: .required),
        // The text parts. Their sections of positions are all the same for text.
        "qwen2vl": Family(rotaryLayout: .halves, sections: .inARow),
        "qwen3vl": Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            sections: .interleaved,
            hasDeepstack: true,
            classifier: ClassifierRule(mayHaveHead: false, givesShares: true)
        ),
        "qwen3vlmoe": Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            experts: .required,
            sections: .interleaved,
            hasDeepstack: true
        ),
        "qwen35": recurrentQwen(experts: .none),
        "qwen35moe": recurrentQwen(experts: .withGatedSharedOfOne),
    ]

    /// Qwen3.5: gated delta rules in most layers, gated attention in the others.
    private static func recurrentQwen(experts: Experts) -> Family {
        Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            experts: experts,
            hasGatedDeltas: true,
            gatesAttention: true,
            hasPredictors: true,
            picksRowsLast: true,
            networkNorm: "post_attention_norm"
        )
    }
}
