import BlockFormats
import Foundation
import Tensors
import TestSupport
import Testing

/// - Parameter importance: a number for each column of a row. Nil encodes without an importance matrix, or with one that
///   counts all columns the same where the type needs one.
func encode(
    _ weights: [Float],
    importance: [Float]? = nil,
    as type: TensorType,
    kernels: Kernels = .fastest
) -> [UInt8] {
    if importance == nil, BlockCodec.needsImportance(type), !weights.isEmpty {
        let equal = [Float](repeating: 1, count: weights.count)
        return encode(weights, importance: equal, as: type, kernels: kernels)
    }
    let count = weights.count / type.block.elements * type.block.bytes
    // Bytes that the encoder forgets to write would show.
    var bytes = [UInt8](repeating: 0xa5, count: count)
    bytes.withUnsafeMutableBytes { bytes in
        weights.withUnsafeBufferPointer { weights in
            if let importance {
                importance.withUnsafeBufferPointer {
                    BlockCodec.encode(rows: weights, importance: $0, as: type, kernels: kernels, into: bytes)
                }
            } else if !weights.isEmpty {
                BlockCodec.encode(weights, as: type, kernels: kernels, into: bytes)
            }
        }
    }
    return bytes
}

func decode(_ bytes: [UInt8], as type: TensorType) -> [Float] {
    var weights = [Float](repeating: .nan, count: bytes.count / type.block.bytes * type.block.elements)
    weights.withUnsafeMutableBufferPointer { weights in
        bytes.withUnsafeBytes { BlockCodec.decode(type, $0, into: weights) }
    }
    return weights
}

func isUsable(_ bytes: [UInt8], _ type: TensorType) -> Bool { bytes.withUnsafeBytes { BlockCodec.isUsable(type, $0) } }

/// How far decoded weights may lie from their originals: the limits of ggml's `test-quantize-fns.cpp`, and a closer one
/// for eight bits, which its limit for four would not hold to account.
enum ErrorBar {
    static let fourToSixBits: Float = 0.002
    static let fourBitFloats: Float = 0.0030
    static let threeBits: Float = 0.0040
    static let threeBitsClosely: Float = 0.0050
    static let twoBits: Float = 0.0075
    static let ternary: Float = 0.01
    static let oneBit: Float = 0.025
    static let eightBits: Float = 0.0001

    /// The root of the squared errors' sum, by the count, of `0.1 + 2 * cos(i + offset)`.
    static func measure(_ type: TensorType, offset: Float = 0) -> Float {
        let weights = (0..<4096).map { 0.1 + 2 * cos(Float($0) + offset) }
        let decoded = decode(encode(weights, as: type), as: type)
        let sum = zip(weights, decoded).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return sum.squareRoot() / 4096
    }
}

/// The bytes of many blocks of a kind against the scalar definition.
func expectTheDefinitionsBytes(_ type: TensorType, _ sample: Sample) throws {
    var random = SeededRandom.printed(for: "\(type.name) \(sample)")
    for _ in 0..<40 {
        let block = sample.block(&random)
        let expected = ScalarEncoder.groups(block, of: type.block.elements)
            .flatMap { ScalarEncoder.encode($0, as: type) ?? [] }
        try #require(encode(block, as: type) == expected, "\(block)")
    }
}

/// A block is usable unless one of its half-precision numbers, which stand at `offsets`, is infinite or not a number.
func expectUsability(_ type: TensorType, halvesAt offsets: [Int]) {
    var random = SeededRandom(seed: 5)
    let sound = encode(Sample.random.block(&random) + Sample.random.block(&random), as: type)
    #expect(isUsable(sound, type))
    for block in stride(from: 0, to: sound.count, by: type.block.bytes) {
        for offset in offsets {
            for (low, high, usable) in [(0, 0x7c, false), (0, 0xfc, false), (1, 0x7e, false), (0xff, 0x7b, true)]
                as [(UInt8, UInt8, Bool)]
            {
                var bytes = sound
                bytes[block + offset] = low
                bytes[block + offset + 1] = high
                #expect(isUsable(bytes, type) == usable)
            }
        }
    }
    // Bytes that hold no scale may be anything.
    var bytes = [UInt8](repeating: 0xff, count: type.block.bytes)
    for offset in offsets { (bytes[offset], bytes[offset + 1]) = (0, 0) }
    #expect(isUsable(bytes, type))
}
