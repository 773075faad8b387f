import Safetensors

/// Finds infinities and NaN among the stored numbers of a checkpoint: all bits of their exponent are set.
enum NonFinite {
    /// Masks for the numbers in a 64-bit word: their exponents, and the addend that carries a full exponent into the
    /// sign.
    private struct Pattern {
        let width: Int
        let exponents: UInt64
        let lowestBits: UInt64
        let signs: UInt64

        init(width: Int, exponent: UInt64, lowest: UInt64) {
            let bits = 8 * width
            func repeated(_ value: UInt64) -> UInt64 {
                stride(from: 0, to: 64, by: bits).reduce(UInt64(0)) { $0 | value << UInt64($1) }
            }
            self.width = width
            exponents = repeated(exponent)
            lowestBits = repeated(lowest)
            signs = repeated(1 << (bits - 1))
        }
    }

    private static let double = Pattern(width: 8, exponent: 0x7ff0_0000_0000_0000, lowest: 0x10_0000_0000_0000)
    private static let single = Pattern(width: 4, exponent: 0x7f80_0000, lowest: 0x80_0000)
    private static let half = Pattern(width: 2, exponent: 0x7c00, lowest: 0x400)
    private static let brain = Pattern(width: 2, exponent: 0x7f80, lowest: 0x80)
    private static let e5m2 = Pattern(width: 1, exponent: 0x7c, lowest: 4)
    /// A full exponent is valid here; only with a full fraction is it NaN.
    private static let e4m3 = Pattern(width: 1, exponent: 0x7f, lowest: 1)

    private static func pattern(of type: SafetensorsType) -> Pattern? {
        switch type {
        case .f64: double
        case .f32: single
        case .f16: half
        case .bf16: brain
        case .f8_e5m2: e5m2
        case .f8_e4m3: e4m3
        default: nil
        }
    }

    /// Whether little-endian numbers of the type contain no infinity or NaN. Fast enough to check every byte.
    static func isAbsent(from bytes: UnsafeRawBufferPointer, _ type: SafetensorsType) -> Bool {
        guard let pattern = pattern(of: type), let base = bytes.baseAddress else { return true }
        let (exponents, lowestBits) = (pattern.exponents, pattern.lowestBits)
        var carries: UInt64 = 0
        for index in 0..<(bytes.count / 8) {
            let word = base.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self)
            carries |= (word & exponents) &+ lowestBits
        }
        var rest: UInt64 = 0
        for (index, byte) in bytes[(bytes.count / 8 * 8)...].enumerated() { rest |= UInt64(byte) << UInt64(8 * index) }
        carries |= (rest & exponents) &+ lowestBits
        return carries & pattern.signs == 0
    }

    /// The index of the first infinity or NaN among numbers of the type; nil if there is none.
    static func first(in bytes: UnsafeRawBufferPointer, _ type: SafetensorsType) -> Int? {
        guard let pattern = pattern(of: type), !isAbsent(from: bytes, type) else { return nil }
        // Searches page by page, and within a page number by number.
        for start in stride(from: 0, to: bytes.count, by: 4096) {
            let page = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + 4096, bytes.count)])
            guard !isAbsent(from: page, type) else { continue }
            for place in stride(from: 0, to: page.count, by: pattern.width) {
                let number = UnsafeRawBufferPointer(rebasing: page[place..<min(place + pattern.width, page.count)])
                if !isAbsent(from: number, type) { return (start + place) / pattern.width }
            }
        }
        return nil
    }
}
