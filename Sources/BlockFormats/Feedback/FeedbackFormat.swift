import Tensors

/// The possible values of a weight in a block with fixed scales: `weight = step * value + offset`.
enum CodeBook: Sendable {
    /// Integers.
    case even(ClosedRange<Int32>)
    /// The sixteen uneven values of IQ4_NL.
    case uneven
    /// Points of a grid that give the magnitudes of several consecutive weights, and a sign for each.
    case grid(FeedbackGrid)
}

/// A format whose codes can be chosen one column after the other, once the scales of a block are known.
///
/// A weight's code is its index among its possible values, the lowest being 0. In formats with a grid it is the number
/// of the point that contains the weight, and the highest bit is set if the weight is negative.
protocol FeedbackFormat: BlockFormat {
    static var codeBook: CodeBook { get }

    /// Returns the factor and the offset of each weight's values in a block.
    static func expand(
        _ block: UnsafePointer<UInt8>,
        steps: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    )

    /// Replaces the codes of a block; the scales stay.
    static func replaceCodes(of block: UnsafeMutablePointer<UInt8>, _ codes: UnsafePointer<UInt16>)
}

extension FeedbackFormat where Self: ScaledFormat {
    static var codeBook: CodeBook { .even(layout.levels) }

    static func expand(
        _ block: UnsafePointer<UInt8>,
        steps: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    ) {
        let scaled = scales(of: block)
        let size = layout.groupSize
        for group in 0..<(type.block.elements / size) {
            let step = scaled.scale * Float(scaled.groupScales[group])
            let offset = -(scaled.minimum * Float(scaled.groupMinimums[group]))
            (steps + group * size).update(repeating: step, count: size)
            (offsets + group * size).update(repeating: offset, count: size)
        }
    }

    static func replaceCodes(of block: UnsafeMutablePointer<UInt8>, _ codes: UnsafePointer<UInt16>) {
        withScratch(UInt8.self, count: type.block.elements) { stored in
            for index in 0..<type.block.elements { stored[index] = UInt8(truncatingIfNeeded: codes[index]) }
            store(scales(of: block), stored, into: block)
        }
    }
}

extension Q4_0: FeedbackFormat {}
extension Q4_1: FeedbackFormat {}
extension Q5_0: FeedbackFormat {}
extension Q5_1: FeedbackFormat {}
extension Q2_K: FeedbackFormat {}
extension Q3_K: FeedbackFormat {}
extension Q4_K: FeedbackFormat {}
extension Q5_K: FeedbackFormat {}
extension Q6_K: FeedbackFormat {}

extension Q8_0: FeedbackFormat {
    static var codeBook: CodeBook { .even(-127...127) }

    static func expand(
        _ block: UnsafePointer<UInt8>,
        steps: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    ) {
        steps.update(repeating: block.half(at: 0), count: 32)
        offsets.update(repeating: 0, count: 32)
    }

    static func replaceCodes(of block: UnsafeMutablePointer<UInt8>, _ codes: UnsafePointer<UInt16>) {
        for index in 0..<32 { block[2 + index] = UInt8(truncatingIfNeeded: Int(codes[index]) - 127) }
    }
}

extension IQ4_NL: FeedbackFormat {
    static var codeBook: CodeBook { .uneven }

    static func expand(
        _ block: UnsafePointer<UInt8>,
        steps: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    ) {
        steps.update(repeating: block.half(at: 0), count: 32)
        offsets.update(repeating: 0, count: 32)
    }

    static func replaceCodes(of block: UnsafeMutablePointer<UInt8>, _ codes: UnsafePointer<UInt16>) {
        FeedbackNibbles.store(codes, into: block + 2)
    }
}

extension IQ4_XS: FeedbackFormat {
    static var codeBook: CodeBook { .uneven }

    static func expand(
        _ block: UnsafePointer<UInt8>,
        steps: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    ) {
        for group in 0..<8 { (steps + group * 32).update(repeating: groupScale(group, of: block), count: 32) }
        offsets.update(repeating: 0, count: 256)
    }

    static func replaceCodes(of block: UnsafeMutablePointer<UInt8>, _ codes: UnsafePointer<UInt16>) {
        for group in 0..<8 { FeedbackNibbles.store(codes + group * 32, into: block + levels + group * 16) }
    }
}

/// Four bits per weight, with weight `i` and weight `i + 16` in one byte.
private enum FeedbackNibbles {
    static func store(_ codes: UnsafePointer<UInt16>, into bytes: UnsafeMutablePointer<UInt8>) {
        for place in 0..<16 { bytes[place] = UInt8(codes[place] | codes[place + 16] << 4) }
    }
}

extension IQ3_S: FeedbackFormat {
    private static let feedbackGrid = FeedbackGrid(.iq3_s)
    static var codeBook: CodeBook { .grid(feedbackGrid) }

    static func expand(
        _ block: UnsafePointer<UInt8>,
        steps: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    ) {
        for group in 0..<8 { (steps + group * 32).update(repeating: groupScale(group, of: block), count: 32) }
        offsets.update(repeating: 0, count: 256)
    }

    static func replaceCodes(of block: UnsafeMutablePointer<UInt8>, _ codes: UnsafePointer<UInt16>) {
        for group in 0..<8 {
            block[highBits + group] = 0
            for part in 0..<8 {
                let number = FeedbackGrid.number(in: codes[group * 32 + part * 4])
                block[points + group * 8 + part] = UInt8(number & 255)
                block[highBits + group] |= UInt8(number >> 8) << UInt8(part)
            }
        }
        for eight in 0..<32 { block[signs + eight] = FeedbackGrid.signs(in: codes + eight * 8) }
    }
}

extension IQ2_S: FeedbackFormat {
    private static let feedbackGrid = FeedbackGrid(.iq2_s)
    static var codeBook: CodeBook { .grid(feedbackGrid) }

    static func expand(
        _ block: UnsafePointer<UInt8>,
        steps: UnsafeMutablePointer<Float>,
        offsets: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<32 { (steps + index * 8).update(repeating: pointScale(index, of: block), count: 8) }
        offsets.update(repeating: 0, count: 256)
    }

    static func replaceCodes(of block: UnsafeMutablePointer<UInt8>, _ codes: UnsafePointer<UInt16>) {
        for index in 0..<8 { block[highBits + index] = 0 }
        for index in 0..<32 {
            let number = FeedbackGrid.number(in: codes[index * 8])
            block[points + index] = UInt8(number & 255)
            block[highBits + index / 4] |= UInt8(number >> 8) << UInt8(index % 4 * 2)
            block[signs + index] = FeedbackGrid.signs(in: codes + index * 8)
        }
    }
}
