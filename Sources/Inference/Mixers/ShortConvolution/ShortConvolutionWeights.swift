import Architectures

/// The weights of a layer's short convolution.
struct ShortConvolutionWeights: Sendable {
    /// The matrix of two gates and the gated numbers.
    let input: Projection
    /// The factors of the last tokens for each element of the hidden state, the oldest first.
    let kernel: [Float]
    let output: Projection

    init(_ convolution: ShortConvolutionShape, _ reader: inout TensorReader) throws {
        let width = convolution.width
        input = try Projection("shortconv.in_proj", rows: 3 * width, columns: width, &reader)
        kernel = try reader.numbers("shortconv.conv.weight", [convolution.length, width])
        output = try Projection("shortconv.out_proj", rows: width, columns: width, &reader)
    }
}
