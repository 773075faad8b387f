import BlockFormats
import Safetensors
import Tensors

/// Decodes the numbers of a checkpoint from any type to single precision.
enum WeightDecoder {
    /// Whether weights of this type can be read.
    static func reads(_ type: SafetensorsType) -> Bool {
        switch type {
        case .f64, .f32, .f16, .bf16, .f8_e4m3, .f8_e5m2, .i8: true
        default: false
        }
    }

    /// - Parameter bytes: little-endian numbers, as many as `weights` has room for.
    static func decode(
        _ type: SafetensorsType,
        _ bytes: UnsafeRawBufferPointer,
        into weights: UnsafeMutableBufferPointer<Float>
    ) {
        switch type {
        case .f64:
            for index in weights.indices {
                let bits = bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
                weights[index] = Float(Double(bitPattern: UInt64(littleEndian: bits)))
            }
        case .i8:
            for index in weights.indices { weights[index] = Float(Int8(bitPattern: bytes[index])) }
        case .f8_e4m3:
            for index in weights.indices { weights[index] = e4m3[Int(bytes[index])] }
        case .f8_e5m2:
            // The byte is the upper half of a half-precision number.
            for index in weights.indices { weights[index] = HalfFloat.decode(UInt16(bytes[index]) << 8) }
        default:
            guard let type = type.tensorType else { preconditionFailure("the plan took numbers of type \(type)") }
            BlockCodec.decode(type, bytes, into: weights)
        }
    }

    /// A range of a tensor's numbers; all of them by default.
    static func numbers(of entry: SafetensorsCheckpoint.Entry, _ range: Range<Int>? = nil) -> [Float] {
        let type = entry.tensor.type
        let size = type.bitsPerElement / 8
        let range = range ?? 0..<(entry.bytes.count / size)
        let bytes = UnsafeRawBufferPointer(rebasing: entry.bytes[(range.lowerBound * size)..<(range.upperBound * size)])
        var numbers = [Float](repeating: 0, count: range.count)
        numbers.withUnsafeMutableBufferPointer { decode(type, bytes, into: $0) }
        return numbers
    }

    /// All values with four bits of exponent and three of fraction, without infinities.
    ///
    /// Source: Micikevicius et al., "FP8 Formats for Deep Learning", 2022.
    private static let e4m3: [Float] = (0..<256).map { code in
        let (sign, exponent, fraction) = (code >> 7, code >> 3 & 15, code & 7)
        if exponent == 15, fraction == 7 { return .nan }
        let magnitude =
            exponent == 0
            ? Float(sign: .plus, exponent: -9, significand: Float(fraction))
            : Float(sign: .plus, exponent: exponent - 7, significand: 1 + Float(fraction) / 8)
        return sign == 1 ? -magnitude : magnitude
    }
}
