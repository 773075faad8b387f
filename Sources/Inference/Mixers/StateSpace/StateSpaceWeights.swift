import Architectures

/// What a layer's state space works with. Letters: E embedding length, C channels, H heads, D head length, G groups, L tokens
/// that the convolution sees.
struct StateSpaceWeights: Sendable {
    /// Gates, channels and time steps: (H D + C + H, E).
    let input: Projection
    /// For each of the last tokens, the oldest first, the factors of all channels: (L, C).
    let kernel: [Float]
    /// Added to what is convolved: (C).
    let kernelBias: [Float]
    /// Added to the time steps: (H).
    let stepBias: [Float]
    /// How fast states fade, and how much of each value passes by its state: (H) each.
    let decay: [Float]
    let skip: [Float]
    /// On the result, group by group: (H D); empty for none.
    let norm: [Float]
    /// (E, H D).
    let output: Projection

    init(_ shape: StateSpaceShape, width: Int, _ reader: inout TensorReader) throws {
        let (taps, channels, heads) = (shape.convolutionLength, shape.channels, shape.headCount)
        input = try Projection("ssm_in", rows: shape.inputWidth, columns: width, &reader)
        let stored = try reader.numbers("ssm_conv1d.weight", [taps, channels])
        // The file has the tokens of a channel side by side; without a file there are none.
        kernel =
            stored.isEmpty ? [] : (0..<taps * channels).map { stored[$0 % channels * taps + $0 / channels] }
        let bias = try reader.optionalNumbers("ssm_conv1d.bias", [channels])
        kernelBias = bias ?? Array(repeating: 0, count: channels)
        stepBias = try reader.numbers("ssm_dt.bias", [heads])
        decay = try reader.numbers("ssm_a", [1, heads])
        skip = try reader.numbers("ssm_d", [1, heads])
        let groupLength = shape.valueWidth / shape.groupCount
        norm = try reader.optionalNumbers("ssm_norm.weight", [groupLength, shape.groupCount]) ?? []
        output = try Projection("ssm_out", rows: width, columns: shape.valueWidth, &reader)
    }
}
