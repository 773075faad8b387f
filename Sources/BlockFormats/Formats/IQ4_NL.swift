import Tensors

/// 32 weights: a half-precision scale, then four bits per weight, the index of one of sixteen uneven values.
/// `weight = scale * value`
enum IQ4_NL: WeightedFormat {
    static let type = TensorType.iq4_nl
    static var halfOffsets: [Int] { [0] }
    private static let levels = 2

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        UnevenSearch.decode(block + levels, scale: block.half(at: 0), into: weights)
    }

    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        withScratch(Float.self, count: 32) { weighted in
            let meanSquare = sumOfSquares(weights, count: 32) * (2 / 32)
            let columns = importance.map { $0.row.columns + $0.column }
            weigh(weights, columns, count: 32, meanSquare: meanSquare, into: weighted)
            let scale = UnevenSearch.scale(weights, weights: weighted)
            block.storeHalf(scale, at: 0)
            UnevenSearch.store(weights, inverse: scale == 0 ? 0 : 1 / scale, into: block + levels)
        }
    }
}
