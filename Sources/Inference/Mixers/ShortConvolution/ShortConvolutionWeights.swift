import Architectures

/// What a layer convolves with.
struct ShortConvolutionWeights: Sendable {
    /// Two gates and what they gate.
    let input: Projection
    /// For each element of the hidden state the factors of the last tokens, the oldest first.
    let kernel: [Float]
    let output: Projection

    init(_ convolution: ShortConvolutionShape, _ reader: inout TensorReader) throws {
        let width = convolution.width
        input = try Projection("shortconv.in_proj", rows: 3 * width, columns: width, &reader)
        kernel = try reader.numbers("shortconv.conv.weight", [convolution.length, width])
        output = try Projection("shortconv.out_proj", rows: width, columns: width, &reader)
    }
}
