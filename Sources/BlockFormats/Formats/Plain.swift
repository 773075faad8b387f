import Tensors

/// Single precision, unchanged.
enum F32: BlockFormat {
    static let type = TensorType.f32
    static var halfOffsets: [Int] { [] }

    @inline(__always)
    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        weights[0] = UnsafeRawPointer(block).loadUnaligned(as: Float.self)
    }

    @inline(__always)
    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(block).storeBytes(of: weights[0], as: Float.self)
    }
}

/// Half precision.
enum F16: BlockFormat {
    static let type = TensorType.f16
    static var halfOffsets: [Int] { [0] }

    @inline(__always)
    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        weights[0] = HalfFloat.decode(UnsafeRawPointer(block).loadUnaligned(as: UInt16.self))
    }

    static func decode(blocks: UnsafeRawBufferPointer, into weights: UnsafeMutableBufferPointer<Float>) {
        guard let source = blocks.baseAddress, let target = weights.baseAddress else { return }
        for index in 0..<weights.count {
            target[index] = HalfFloat.decode(source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        }
    }

    @inline(__always)
    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(block).storeBytes(of: HalfFloat.encode(weights[0]), as: UInt16.self)
    }

    static func encode(weights: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer) {
        guard let source = weights.baseAddress, let target = blocks.baseAddress else { return }
        for index in 0..<weights.count {
            target.storeBytes(of: HalfFloat.encode(source[index]), toByteOffset: index * 2, as: UInt16.self)
        }
    }

    static func isUsable(blocks: UnsafeRawBufferPointer) -> Bool {
        greatest(in: blocks, of: 0x7c00) < 0x7c00
    }
}

/// The upper half of single precision.
enum BF16: BlockFormat {
    static let type = TensorType.bf16
    static var halfOffsets: [Int] { [] }

    @inline(__always)
    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        weights[0] = BrainFloat.decode(UnsafeRawPointer(block).loadUnaligned(as: UInt16.self))
    }

    static func decode(blocks: UnsafeRawBufferPointer, into weights: UnsafeMutableBufferPointer<Float>) {
        guard let source = blocks.baseAddress, let target = weights.baseAddress else { return }
        for index in 0..<weights.count {
            target[index] = BrainFloat.decode(source.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        }
    }

    @inline(__always)
    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        UnsafeMutableRawPointer(block).storeBytes(of: BrainFloat.encode(weights[0]), as: UInt16.self)
    }

    static func encode(weights: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer) {
        guard let source = weights.baseAddress, let target = blocks.baseAddress else { return }
        for index in 0..<weights.count {
            target.storeBytes(of: BrainFloat.encode(source[index]), toByteOffset: index * 2, as: UInt16.self)
        }
    }

    /// Whether the blocks are usable. Numbers just below single precision's largest round up to infinity.
    static func isUsable(blocks: UnsafeRawBufferPointer) -> Bool { greatest(in: blocks, of: 0x7f80) < 0x7f80 }
}

/// Returns the largest value of the bits of `mask` in 16-bit numbers, computed without a branch. The numbers are
/// signed, because every processor can compare those in vectors; the sign bit is not in a mask.
private func greatest(in blocks: UnsafeRawBufferPointer, of mask: Int16) -> Int16 {
    guard let bytes = blocks.baseAddress else { return 0 }
    var greatest: Int16 = 0
    for index in 0..<(blocks.count / 2) {
        greatest = max(greatest, bytes.loadUnaligned(fromByteOffset: index * 2, as: Int16.self) & mask)
    }
    return greatest
}

extension UnsafePointer<UInt8> {
    /// Returns the half-precision number at a byte offset.
    @inline(__always)
    func half(at offset: Int) -> Float {
        HalfFloat.decode(UnsafeRawPointer(self).loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }
}

extension UnsafeMutablePointer<UInt8> {
    /// Stores `value` in half precision at a byte offset.
    /// - Returns: the stored value.
    @inline(__always)
    @discardableResult
    func storeHalf(_ value: Float, at offset: Int) -> Float {
        let bits = HalfFloat.encode(value)
        UnsafeMutableRawPointer(self).storeBytes(of: bits, toByteOffset: offset, as: UInt16.self)
        return HalfFloat.decode(bits)
    }
}
