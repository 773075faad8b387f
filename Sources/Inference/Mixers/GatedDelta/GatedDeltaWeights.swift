import Architectures

/// What a layer's gated delta rule works with. Letters: E embedding length, C channels, H value heads, D head length, L tokens
/// that the convolution sees.
struct GatedDeltaWeights: Sendable {
    /// Queries, keys and values of all heads: (C, E).
    let mixed: Projection
    /// What gates the result: (H D, E).
    let gate: Projection
    /// How strongly a token corrects each head's matrix, and how much of the matrix fades: (H, E) each.
    let strength: Projection
    let fading: Projection
    /// For each of the last tokens, the oldest first, the factors of all channels: (L, C).
    let kernel: [Float]
    /// Added to the fading, and the factor of what becomes of the sum: (H) each.
    let fadingBias: [Float]
    let fadingScale: [Float]
    /// On each head of the result: (D).
    let norm: [Float]
    /// (E, H D).
    let output: Projection

    init(_ shape: GatedDeltaShape, width: Int, _ reader: inout TensorReader) throws {
        let heads = shape.valueHeadCount
        mixed = try Projection("attn_qkv", rows: shape.channels, columns: width, &reader)
        gate = try Projection("attn_gate", rows: shape.valueWidth, columns: width, &reader)
        strength = try Projection("ssm_beta", rows: heads, columns: width, &reader)
        fading = try Projection("ssm_alpha", rows: heads, columns: width, offset: heads, &reader)
        let (taps, channels) = (shape.convolutionLength, shape.channels)
        let stored = try reader.numbers("ssm_conv1d.weight", [taps, channels])
        // The file has the tokens of a channel side by side; without a file there are none.
        kernel =
            stored.isEmpty ? [] : (0..<taps * channels).map { stored[$0 % channels * taps + $0 / channels] }
        fadingBias = try reader.numbers("ssm_dt.bias", [heads])
        fadingScale = try reader.numbers("ssm_a", [heads])
        norm = try reader.numbers("ssm_norm.weight", [shape.headLength])
        output = try Projection("ssm_out", rows: width, columns: shape.valueWidth, &reader)
    }
}
