#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Random numbers whose seed is printed, so that a failing test can be repeated.
public struct SeededRandom: RandomNumberGenerator {
    private var generator: SplitMix64

    public init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    /// Numbers from the seed that `EDGEPIPE_FUZZ_SEED` gives, or else from a new one.
    /// - Parameter test: printed beside the seed.
    public static func printed(for test: String = #function) -> SeededRandom {
        let given = getenv("EDGEPIPE_FUZZ_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0 ... .max)
        print("\(test): repeat with EDGEPIPE_FUZZ_SEED=\(seed)")
        return SeededRandom(seed: seed)
    }

    public mutating func next() -> UInt64 { generator.next() }
}

/// A small random number generator that is the same everywhere (Steele et al., 2014).
public struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to 1.
    public mutating func nextFraction() -> Float { Float(next() >> 40) / Float(1 << 24) }
}
