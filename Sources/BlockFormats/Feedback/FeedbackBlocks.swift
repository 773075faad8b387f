import Tensors

extension BlockCodec {
    /// Whether weights of the type can be rounded one column after the other, each compensating for the errors before
    /// it.
    public static func canFeedBack(_ type: TensorType) -> Bool { format(of: type) is any FeedbackFormat.Type }
}

/// The blocks of several rows at the same columns, encoded by the reference's search: they keep its scales, and get new
/// codes, one column after the other.
///
/// Source: Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", 2022.
package final class FeedbackBlocks {
    /// The number of columns that are rounded in one call; the caller applies the errors to the other columns.
    package static let stripe = 32

    /// The number of weights in a block.
    package let width: Int
    private let format: any FeedbackFormat.Type
    private let codeBook: CodeBook
    private let blockBytes: Int
    /// (rows, width)
    private var steps: [Float]
    private var offsets: [Float]
    private var codes: [UInt16]
    /// For each point of a stripe's columns, the squares of all points of the grid.
    private var squares: [Float]

    /// - Parameter rows: the largest number of rows at a time.
    /// - Precondition: `BlockCodec.canFeedBack(type)`.
    package init(_ type: TensorType, rows: Int) {
        guard let format = BlockCodec.format(of: type) as? any FeedbackFormat.Type else {
            preconditionFailure("\(type.name) cannot be rounded column by column")
        }
        self.format = format
        codeBook = format.codeBook
        (width, blockBytes) = (type.block.elements, type.block.bytes)
        steps = Array(repeating: 0, count: rows * width)
        offsets = steps
        codes = Array(repeating: 0, count: rows * width)
        squares = []
        if case .grid(let grid) = codeBook {
            squares = Array(repeating: 0, count: Self.stripe / grid.dimension * grid.count)
        }
    }

    /// Reads the scales of blocks.
    /// - Parameter bytes: one block per row.
    package func begin(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        steps.withUnsafeMutableBufferPointer { steps in
            offsets.withUnsafeMutableBufferPointer { offsets in
                guard let steps = steps.baseAddress, let offsets = offsets.baseAddress else { return }
                for row in 0..<(bytes.count / blockBytes) {
                    format.expand(base + row * blockBytes, steps: steps + row * width, offsets: offsets + row * width)
                }
            }
        }
    }

    /// Writes the codes into the blocks whose scales were read.
    package func finish(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        codes.withUnsafeBufferPointer { codes in
            guard let codes = codes.baseAddress else { return }
            for row in 0..<(bytes.count / blockBytes) {
                format.replaceCodes(of: base + row * blockBytes, codes + row * width)
            }
        }
    }

    /// Rounds the columns of a stripe. Each column's error is applied at once to those after it in the stripe.
    /// - Parameters:
    ///   - first: the stripe's first column, counted from that of the blocks.
    ///   - rows: the number of rows.
    ///   - weights: at the stripe's first column; changed by the errors.
    ///   - factors: the stripe's part of U, `stripe` rows of at least `stripe` numbers, zero below the diagonal.
    ///   - errors: receives, for each row and column, `(rounded - weight) / U[column][column]`.
    package func round(
        _ first: Int,
        rows: Int,
        weights: MatrixPart<UnsafeMutablePointer<Float>>,
        factors: MatrixPart<UnsafePointer<Float>>,
        errors: MatrixPart<UnsafeMutablePointer<Float>>
    ) {
        steps.withUnsafeBufferPointer { steps in
            offsets.withUnsafeBufferPointer { offsets in
                codes.withUnsafeMutableBufferPointer { codes in
                    squares.withUnsafeMutableBufferPointer { squares in
                        guard let steps = steps.baseAddress, let offsets = offsets.baseAddress,
                            let codes = codes.baseAddress
                        else { return }
                        var stripe = FeedbackStripe(factors: factors, squares: squares.baseAddress)
                        if case .grid(let grid) = codeBook { stripe.prepare(grid) }
                        for row in 0..<rows {
                            let place = row * width + first
                            let own = FeedbackStripe.Row(
                                weights: weights.start + row * weights.stride,
                                steps: steps + place,
                                offsets: offsets + place,
                                codes: codes + place,
                                errors: errors.start + row * errors.stride
                            )
                            switch codeBook {
                            case .even(let levels): stripe.roundEvenly(own, levels)
                            case .uneven: stripe.roundUnevenly(own)
                            case .grid(let grid): stripe.round(own, to: grid)
                            }
                        }
                    }
                }
            }
        }
    }
}
