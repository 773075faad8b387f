/// How a quantization type changes speed, relative to Q4_0 of the same model on the same chip.
///
/// On Android CPUs a smaller file below four bits is *slower*: decoding its blocks costs more than reading them [P].
struct FormatFactors: Sendable {
    /// Of the speed of generating; nil where the two-term model with the file's own bytes is the better predictor.
    let decode: Double?
    let prefill: Double
    /// Whether this very type was measured; a neighbour's figures stand in otherwise.
    let isMeasured: Bool

    /// [P] Middles of the ranges over three phones. Q4_0 and Q8_0 are what the two-term model was fitted on.
    private static let cpu: [String: FormatFactors] = [
        "IQ1_S": .init(decode: 0.455, prefill: 0.125, isMeasured: true),
        "Q2_K": .init(decode: 0.72, prefill: 0.25, isMeasured: true),
        "Q3_K_M": .init(decode: 0.795, prefill: 0.315, isMeasured: true),
        "Q4_0": .init(decode: nil, prefill: 1, isMeasured: true),
        "Q4_K_M": .init(decode: 0.915, prefill: 0.685, isMeasured: true),
        "Q5_K_M": .init(decode: 0.68, prefill: 0.51, isMeasured: true),
        "Q6_K": .init(decode: 0.635, prefill: 0.5, isMeasured: true),
        "Q8_0": .init(decode: nil, prefill: 1.01, isMeasured: true),
    ]

    /// Estimates: which measured type an unmeasured one most resembles in how its blocks are decoded.
    private static let neighbours: [(prefix: String, type: String)] = [
        ("IQ1", "IQ1_S"), ("IQ2", "IQ1_S"), ("TQ", "Q2_K"), ("IQ3", "Q2_K"), ("IQ4", "Q4_K_M"), ("MXFP4", "Q4_K_M"),
        ("Q2", "Q2_K"), ("Q3", "Q3_K_M"), ("Q4", "Q4_K_M"), ("Q5", "Q5_K_M"), ("Q6", "Q6_K"), ("Q8", "Q8_0"),
    ]

    static func of(_ quantType: String, on engine: SpeedClass.Engine) -> FormatFactors {
        let type = quantType.uppercased()
        switch engine {
        case .cpu:
            if let known = cpu[type] { return known }
            let neighbour = neighbours.first { type.hasPrefix($0.prefix) }.flatMap { cpu[$0.type] }
            // F16, BF16 and F32 have no blocks to decode: their own bytes decide. That is an estimate too.
            return FormatFactors(decode: neighbour?.decode, prefill: neighbour?.prefill ?? 1, isMeasured: false)
        case .metal:
            // [J, LC] Bytes alone decide; measured with Q4_0 and Q4_K_M, nothing below four bits.
            return FormatFactors(decode: nil, prefill: 1, isMeasured: type == "Q4_0" || type == "Q4_K_M")
        }
    }

    /// [LC `repack.cpp`; P] Types whose tensors the ARM CPU engine copies into a layout of its own, which is memory that the
    /// system cannot take back. By the type of the tensor, not of the file.
    static let repackedTensorTypes: Set<String> = ["Q4_0", "Q4_K", "Q5_K", "Q6_K", "Q8_0", "IQ4_NL", "MXFP4"]

    /// [LC `repack.cpp`] Whether a matrix of the type is copied so: rows go together in fours, of types with large blocks in
    /// eights, and a matrix that has some left over stays as it is.
    static func isRepacked(_ type: String, rows: Int) -> Bool {
        repackedTensorTypes.contains(type) && rows.isMultiple(of: type.hasSuffix("_K") ? 8 : 4)
    }
}
