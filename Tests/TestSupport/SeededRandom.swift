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
