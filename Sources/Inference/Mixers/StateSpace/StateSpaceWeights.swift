import Architectures

/// The weights of a layer's state space. Letters: E embedding length, C channels, H heads, D head length, G groups, L
/// tokens that the convolution sees.
struct StateSpaceWeights: Sendable {
    /// The matrix of gates, channels and time steps: (H D + C + H, E).
    let input: Projection
    /// The factors of all channels for each of the last tokens, the oldest first: (L, C).
    let kernel: [Float]
    /// The bias of the convolution: (C).
    let kernelBias: [Float]
    /// The bias of the time steps: (H).
    let stepBias: [Float]
    /// The decay rate of states, and the share of each value that bypasses its state: (H) each.
    let decay: [Float]
    let skip: [Float]
    /// The norm of the result, group by group: (H D); empty for none.
    let norm: [Float]
    /// The output matrix: (E, H D).
    let output: Projection

    init(_ shape: StateSpaceShape, width: Int, _ reader: inout TensorReader) throws {
        let (taps, channels, heads) = (shape.convolutionLength, shape.channels, shape.headCount)
        input = try Projection("ssm_in", rows: shape.inputWidth, columns: width, &reader)
        let stored = try reader.numbers("ssm_conv1d.weight", [taps, channels])
        // In the file, the tokens of a channel are adjacent; without a file there are none.
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
