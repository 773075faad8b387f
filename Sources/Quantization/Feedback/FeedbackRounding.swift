import BlockFormats
import Tensors

/// Rounds rows of a weight matrix so that each column compensates for the errors of those before it, in a standard
/// format.
///
/// Block by block, the reference's own search sets the scales for the current weights; column by column, weights are
/// rounded to what these scales allow, and the error is distributed over the columns that are still free, according to
/// the correlation of the inputs. Rows do not depend on each other: each gets the same bytes when rounded alone.
///
/// Source: Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers", 2022.
public struct FeedbackRounding: Sendable {
    /// The number of rows processed together.
    public static let rowsAtATime = 64

    /// The target type of the rows.
    public let type: TensorType
    private let basis: FeedbackBasis
    private let importance: [Float]
    private let kernels: Kernels

    /// Whether rows can be rounded to the type with feedback.
    public static func canEncode(_ type: TensorType) -> Bool { BlockCodec.canFeedBack(type) }

    /// - Parameter basis: the basis of the inputs of the matrix whose rows are rounded.
    /// - Precondition: `canEncode(type)`, and a row of the matrix is whole blocks of it.
    public init(to type: TensorType, basis: FeedbackBasis, kernels: Kernels) {
        precondition(Self.canEncode(type) && basis.columns.isMultiple(of: type.block.elements))
        (self.type, self.basis, self.kernels) = (type, basis, kernels)
        // The importance of columns in the search for scales; of the formats, only one gains from counting what the
        // other columns cannot compensate for.
        importance = type == .q3_K ? basis.conditionalSquares : basis.meanSquares
    }

    /// - Parameters:
    ///   - rows: finite numbers, whole rows.
    ///   - bytes: memory for exactly their blocks.
    public func encode(_ rows: UnsafeBufferPointer<Float>, into bytes: UnsafeMutableRawBufferPointer) {
        let columns = basis.columns
        let rowBytes = columns / type.block.elements * type.block.bytes
        precondition(rows.count.isMultiple(of: columns) && rows.count / columns * rowBytes == bytes.count)
        let count = rows.count / columns
        guard count > 0 else { return }
        let chunk = Chunk(self, rows: min(count, Self.rowsAtATime))
        for first in stride(from: 0, to: count, by: Self.rowsAtATime) {
            let own = first..<min(first + Self.rowsAtATime, count)
            chunk.encode(
                UnsafeBufferPointer(rebasing: rows[(own.lowerBound * columns)..<(own.upperBound * columns)]),
                into: UnsafeMutableRawBufferPointer(
                    rebasing: bytes[(own.lowerBound * rowBytes)..<(own.upperBound * rowBytes)]
                )
            )
        }
    }

    /// The rows that are processed together, with their scratch memory.
    private final class Chunk {
        private let rounding: FeedbackRounding
        private let blocks: FeedbackBlocks
        /// The current weights: (rows, columns).
        private var weights: [Float] = []
        /// (rows, panel)
        private var errors: [Float]
        /// The weights of a block's columns, and their encoded form: (rows, elements).
        private var searched: [Float]
        private var encoded: [UInt8]

        init(_ rounding: FeedbackRounding, rows: Int) {
            self.rounding = rounding
            blocks = FeedbackBlocks(rounding.type, rows: rows)
            errors = Array(repeating: 0, count: rows * FeedbackBasis.panel)
            searched = Array(repeating: 0, count: rows * rounding.type.block.elements)
            encoded = Array(repeating: 0, count: rows * rounding.type.block.bytes)
        }

        func encode(_ rows: UnsafeBufferPointer<Float>, into bytes: UnsafeMutableRawBufferPointer) {
            let (basis, kernels) = (rounding.basis, rounding.kernels)
            let columns = basis.columns
            let count = rows.count / columns
            weights = Array(rows)
            weights.withUnsafeMutableBufferPointer { weights in
                errors.withUnsafeMutableBufferPointer { errors in
                    guard let start = weights.baseAddress, let errors = errors.baseAddress else { return }
                    let weights = MatrixPart(start, stride: columns)
                    for first in stride(from: 0, to: columns, by: FeedbackBasis.panel) {
                        let panel = first..<min(first + FeedbackBasis.panel, columns)
                        let errors = MatrixPart(errors, stride: FeedbackBasis.panel)
                        round(panel, count, weights, errors, into: bytes)
                        for column in stride(from: panel.upperBound, to: columns, by: FeedbackBasis.strip) {
                            kernels.addTile(
                                tall: MatrixPart(UnsafePointer(errors.start), stride: errors.stride),
                                wide: basis.strip(ofPanel: first, at: column),
                                rows: count,
                                rank: panel.count,
                                columns: min(FeedbackBasis.strip, columns - column),
                                to: MatrixPart(start + column, stride: columns)
                            )
                        }
                    }
                }
            }
        }

        /// Rounds the columns of a panel; its errors do not reach the columns after it yet.
        private func round(
            _ panel: Range<Int>,
            _ count: Int,
            _ weights: MatrixPart<UnsafeMutablePointer<Float>>,
            _ errors: MatrixPart<UnsafeMutablePointer<Float>>,
            into bytes: UnsafeMutableRawBufferPointer
        ) {
            let factors = rounding.basis.square(at: panel.lowerBound)
            let stripe = FeedbackBlocks.stripe
            for column in stride(from: panel.lowerBound, to: panel.upperBound, by: stripe) {
                let inBlock = column % blocks.width
                if inBlock == 0 { search(column, count, weights) }
                let place = column - panel.lowerBound
                let own = MatrixPart(errors.start + place, stride: errors.stride)
                let diagonal = factors.start + place * factors.stride + place
                blocks.round(
                    inBlock,
                    rows: count,
                    weights: MatrixPart(weights.start + column, stride: weights.stride),
                    factors: MatrixPart(diagonal, stride: factors.stride),
                    errors: own
                )
                if inBlock + stripe == blocks.width { finish(column - inBlock, count, into: bytes) }
                let behind = column + stripe
                guard behind < panel.upperBound else { continue }
                rounding.kernels.addTile(
                    tall: MatrixPart(UnsafePointer(own.start), stride: own.stride),
                    wide: MatrixPart(diagonal + stripe, stride: factors.stride),
                    rows: count,
                    rank: stripe,
                    columns: panel.upperBound - behind,
                    to: MatrixPart(weights.start + behind, stride: weights.stride)
                )
            }
        }

        /// Finds the scales of the blocks that begin at a column, by the reference's search.
        private func search(_ column: Int, _ count: Int, _ weights: MatrixPart<UnsafeMutablePointer<Float>>) {
            let width = blocks.width
            searched.withUnsafeMutableBufferPointer { searched in
                guard let start = searched.baseAddress else { return }
                for row in 0..<count {
                    (start + row * width).update(from: weights.start + row * weights.stride + column, count: width)
                }
                let rows = UnsafeBufferPointer(rebasing: searched[..<(count * width)])
                encoded.withUnsafeMutableBytes { encoded in
                    let bytes = UnsafeMutableRawBufferPointer(rebasing: encoded[..<(count * rounding.type.block.bytes)])
                    rounding.importance.withUnsafeBufferPointer { importance in
                        BlockCodec.encode(
                            rows: rows,
                            importance: UnsafeBufferPointer(rebasing: importance[column..<(column + width)]),
                            as: rounding.type,
                            kernels: rounding.kernels,
                            into: bytes
                        )
                    }
                    blocks.begin(UnsafeRawBufferPointer(bytes))
                }
            }
        }

        /// Writes the blocks that begin at a column, with their new codes, to their places.
        private func finish(_ column: Int, _ count: Int, into bytes: UnsafeMutableRawBufferPointer) {
            let size = rounding.type.block.bytes
            let rowBytes = bytes.count / count
            encoded.withUnsafeMutableBytes { encoded in
                blocks.finish(UnsafeMutableRawBufferPointer(rebasing: encoded[..<(count * size)]))
                for row in 0..<count {
                    let target = row * rowBytes + column / blocks.width * size
                    bytes[target..<(target + size)].copyBytes(from: encoded[(row * size)..<((row + 1) * size)])
                }
            }
        }
    }
}
