extension Family {
    static let qwens: [String: Family] = [
        "qwen2": Family(rotaryLayout: .halves, storage: StorageRule(layersOfSeventyBillion: 80)),
        "qwen2moe": Family(rotaryLayout: .halves, experts: .withGatedShared),
        "qwen3": Family(rotaryLayout: .halves, headNorm: .perHead),
        "qwen3moe": Family(rotaryLayout: .halves, headNorm: .perHead, experts: .required),
        // The parts that read text. Their sections of positions are all the same there.
        "qwen2vl": Family(rotaryLayout: .halves, sections: .inARow),
        "qwen3vl": Family(
            rotaryLayout: .halves,
            headNorm: .perHead,
            sections: .interleaved,
            hasDeepstack: true
        ),
    ]
}
