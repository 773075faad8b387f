/// The speed of weights of a tensor type, relative to Q4_0 on the same chip.
///
/// On Android's processors blocks below four bits cost more to decode than to read, and blocks that the engine does not
/// repack slow prompts most. scripts/fit-type-factors.py computes the numbers from runs of five models on three phones
/// [P].
struct FormatFactors: Sendable {
    /// The factor of the decoding speed; nil if the two-term model with the file's own bytes predicts better.
    let decode: Double?
    let prefill: Double
    /// Whether this very type was measured; otherwise the figures are a neighbour's.
    let isMeasured: Bool

    private static let cpu: [String: FormatFactors] = [
        "IQ1_S": .init(decode: 0.407, prefill: 0.137, isMeasured: true),
        "Q2_K": .init(decode: 0.684, prefill: 0.267, isMeasured: true),
        "Q3_K": .init(decode: 0.62, prefill: 0.207, isMeasured: true),
        "Q4_0": .init(decode: nil, prefill: 1, isMeasured: true),
        "Q4_K": .init(decode: 0.986, prefill: 0.74, isMeasured: true),
        "Q5_0": .init(decode: 0.641, prefill: 0.249, isMeasured: true),
        "Q5_1": .init(decode: 0.622, prefill: 0.227, isMeasured: true),
        "Q5_K": .init(decode: 0.63, prefill: 0.497, isMeasured: true),
        "Q6_K": .init(decode: 0.533, prefill: 0.484, isMeasured: true),
        "Q8_0": .init(decode: nil, prefill: 0.995, isMeasured: true),
    ]

    /// For each unmeasured type, the measured type whose blocks are decoded most similarly: estimates. IQ4_NL and MXFP4
    /// are repacked.
    private static let neighbours: [(prefix: String, type: String)] = [
        ("IQ1", "IQ1_S"), ("IQ2", "IQ1_S"), ("TQ", "Q2_K"), ("IQ3", "Q2_K"), ("IQ4", "Q4_K"), ("MXFP4", "Q4_K"),
        ("NVFP4", "Q4_K"), ("Q1", "Q2_K"), ("Q2", "Q2_K"), ("Q4", "Q5_0"), ("Q5", "Q5_0"),
    ]

    /// Returns the factors of a tensor type, by its GGUF name.
    static func of(_ type: String, on engine: SpeedClass.Engine) -> FormatFactors {
        // F16, BF16 and F32 have no blocks to decode, so their own bytes decide. This is an estimate, but few weights
        // have these types in most files.
        switch engine {
        case .cpu:
            if let known = cpu[type] { return known }
            let neighbour = neighbours.first { type.hasPrefix($0.prefix) }.flatMap { cpu[$0.type] }
            return FormatFactors(decode: neighbour?.decode, prefill: neighbour?.prefill ?? 1, isMeasured: false)
        case .metal:
            // [J, LC] Bytes alone decide. Files of Q4_0 and Q4_K_M were measured, none below four bits.
            return FormatFactors(decode: nil, prefill: 1, isMeasured: ["Q4_0", "Q4_K", "Q6_K"].contains(type))
        }
    }

    /// [LC `repack.cpp`; P] The types whose tensors the ARM CPU engine copies into its own layout; the system cannot
    /// reclaim that memory.
    static let repackedTensorTypes: Set<String> = ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"]

    /// [LC `repack.cpp`] Whether the engine copies a matrix of the type into its own layout: it groups rows in fours,
    /// or in eights for types with large blocks, and leaves a matrix with remaining rows as it is.
    static func isRepacked(_ type: String, rows: Int) -> Bool {
        repackedTensorTypes.contains(type) && rows.isMultiple(of: type.hasSuffix("_K") ? 8 : 4)
    }
}
