import Architectures

/// The weights of a layer's gated delta rule. Letters: E embedding length, C channels, H value heads, D head length, L
/// tokens that the convolution sees.
struct GatedDeltaWeights: Sendable {
    /// Queries, keys and values of all heads: (C, E).
    let mixed: Projection
    /// The gates of the result: (H D, E).
    let gate: Projection
    /// The strength of a token's correction of each head's matrix, and the fading of the matrix: (H, E) each.
    let strength: Projection
    let fading: Projection
    /// The factors of all channels for each of the last tokens, the oldest first: (L, C).
    let kernel: [Float]
    /// The bias of the fading, and the factor after it: (H) each.
    let fadingBias: [Float]
    let fadingScale: [Float]
    /// The norm of each head of the result: (D).
    let norm: [Float]
    /// The output matrix: (E, H D).
    let output: Projection

    init(_ shape: GatedDeltaShape, width: Int, _ reader: inout TensorReader) throws {
        let heads = shape.valueHeadCount
        mixed = try Projection("attn_qkv", rows: shape.channels, columns: width, &reader)
        gate = try Projection("attn_gate", rows: shape.valueWidth, columns: width, &reader)
        strength = try Projection("ssm_beta", rows: heads, columns: width, &reader)
        fading = try Projection("ssm_alpha", rows: heads, columns: width, offset: heads, &reader)
        let (taps, channels) = (shape.convolutionLength, shape.channels)
        let stored = try reader.numbers("ssm_conv1d.weight", [taps, channels])
        // In the file, the tokens of a channel are adjacent; without a file there are none.
        kernel =
            stored.isEmpty ? [] : (0..<taps * channels).map { stored[$0 % channels * taps + $0 / channels] }
        fadingBias = try reader.numbers("ssm_dt.bias", [heads])
        fadingScale = try reader.numbers("ssm_a", [heads])
        norm = try reader.numbers("ssm_norm.weight", [shape.headLength])
        output = try Projection("ssm_out", rows: width, columns: shape.valueWidth, &reader)
    }
}
