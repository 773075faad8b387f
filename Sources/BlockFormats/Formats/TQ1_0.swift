import Tensors

/// 256 weights of three levels: five to a byte, four to each of the last four bytes, then a half-precision scale.
/// `weight = scale * (q - 1)`
///
/// A byte is its digits read in base three, the most significant first, as a fraction of 256: repeated multiplication
/// by three yields each digit in turn at the top.
enum TQ1_0: BlockFormat {
    static let type = TensorType.tq1_0
    static var halfOffsets: [Int] { [scaleOffset] }
    private static let scaleOffset = 52
    /// The runs of bytes: their start, their length, and the number of weights that share a byte, at distances of the
    /// run's length.
    private static let runs: [(first: Int, bytes: Int, digits: Int)] = [(0, 32, 5), (32, 16, 5), (48, 4, 4)]

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: scaleOffset)
        var start = 0
        for run in runs {
            var power: UInt8 = 1
            for _ in 0..<run.digits {
                for index in 0..<run.bytes {
                    let digit = (UInt16(block[run.first + index] &* power) * 3) >> 8
                    weights[start + index] = Float(Int32(digit) - 1) * scale
                }
                start += run.bytes
                power *= 3
            }
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let levels = TernaryLevels(weights)
        block.storeHalf(levels.scale, at: scaleOffset)
        var start = 0
        for run in runs {
            for index in 0..<run.bytes {
                var number: UInt16 = 0
                for digit in 0..<5 {
                    number =
                        number * 3 + (digit < run.digits ? levels.of(weights[start + digit * run.bytes + index]) : 0)
                }
                block[run.first + index] = UInt8((number * 256 + 242) / 243)
            }
            start += run.digits * run.bytes
        }
    }
}
