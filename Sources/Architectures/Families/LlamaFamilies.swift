extension Family {
    /// Llama, and architectures with its layout of heads.
    static let llamas: [String: Family] = [
        "llama": Family(experts: .optional, storage: StorageRule(layersOfSeventyBillion: 80, ifHeadsAreShared: true)),
        "smollm3": Family(layersPerUnturned: 4),
        "granite": Family(experts: .optional, hasScales: true, maySwitchPositions: true),
        "granitemoe": Family(experts: .optional, hasScales: true),
    ]
}
