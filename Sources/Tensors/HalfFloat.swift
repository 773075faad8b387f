/// IEEE 754 half precision as its 16 bits, converted without the compiler's `Float16`, which needs a function call per
/// element on x86-64 Linux and does not exist on Intel Macs. Inlinable, because modules above convert millions in a
/// loop.
public enum HalfFloat {
    /// Returns the single-precision value of half-precision `bits`; exact for every input.
    @inlinable @inline(__always)
    public static func decode(_ bits: UInt16) -> Float {
        // Shift the magnitude into place, then rebias the exponent by one multiplication, which handles subnormals too.
        let magnitude = UInt32(bits & 0x7fff) << 13
        let rebias = Float(bitPattern: 0x7780_0000)  // 2^112
        var value = (Float(bitPattern: magnitude) * rebias).bitPattern
        value |= bits & 0x7c00 == 0x7c00 ? 0x7f80_0000 : 0  // infinity and NaN keep their payload
        return Float(bitPattern: value | UInt32(bits & 0x8000) << 16)
    }

    /// Returns `value` rounded to the nearest half, ties to even; overflow gives infinity, every NaN gives 0x7e00 with
    /// the sign.
    ///
    /// All cases are computed and one is chosen without a branch, so that loops over this become vector code.
    @inlinable @inline(__always)
    public static func encode(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = (bits >> 16) & 0x8000
        // Without the sign, the bits fit a signed number, which every processor can compare in vectors.
        let magnitude = Int32(bitPattern: bits & 0x7fff_ffff)
        let rounded = magnitude &+ 0xfff &+ ((magnitude >> 13) & 1)
        let normal = (rounded &- 0x3800_0000) >> 13
        // Adding 0.5 makes the hardware round a subnormal result at the right bit.
        let shifted = Float(bitPattern: UInt32(bitPattern: magnitude)) + 0.5
        let subnormal = Int32(bitPattern: shifted.bitPattern) &- 0x3f00_0000
        var half = magnitude < 0x3880_0000 ? subnormal : normal
        half = magnitude >= 0x4780_0000 ? 0x7c00 : half  // 65536 and above; 65520 to 65536 round up without this
        half = magnitude > 0x7f80_0000 ? 0x7e00 : half
        return UInt16(truncatingIfNeeded: UInt32(bitPattern: half) | sign)
    }
}

/// The upper half of a single-precision number (bfloat16), as its 16 bits.
public enum BrainFloat {
    /// Returns the single-precision value; exact for every input.
    @inlinable @inline(__always)
    public static func decode(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

    /// Returns `value` rounded to nearest, ties to even; a NaN stays a quiet NaN. Branch-free, as for half precision.
    @inlinable @inline(__always)
    public static func encode(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let rounded = (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16
        let quiet = bits >> 16 | 0x40
        let isNaN = Int32(bitPattern: bits & 0x7fff_ffff) > 0x7f80_0000
        return UInt16(truncatingIfNeeded: isNaN ? quiet : rounded)
    }
}
