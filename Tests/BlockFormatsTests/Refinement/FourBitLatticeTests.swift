import BlockFormats
import Tensors
import TestSupport
import Testing

@Suite struct FourBitLatticeTests {
    /// As BF16 stores it, rounded to the nearest.
    private static func bfloat(_ value: Float) -> Float {
        Float(bitPattern: (value.bitPattern &+ 0x7fff &+ (value.bitPattern >> 16 & 1)) & 0xffff_0000)
    }

    private func groups(_ count: Int, levels: ClosedRange<Int>) -> [Float] {
        var random = SeededRandom.printed()
        return (0..<count).flatMap { _ in
            let step = Float.random(in: 0.001...0.1, using: &random) * (Bool.random(using: &random) ? 1 : -1)
            return (0..<32).map { _ in Self.bfloat(Float(Int.random(in: levels, using: &random)) * step) }
        }
    }

    private func restored(_ weights: [Float], takesLattice: Bool) -> [Float] {
        var bytes = [UInt8](repeating: 0, count: weights.count / 32 * 18)
        var result = [Float](repeating: 0, count: weights.count)
        weights.withUnsafeBufferPointer { weights in
            bytes.withUnsafeMutableBytes { bytes in
                BlockCodec.encode(weights, as: .q4_0, into: bytes)
                if takesLattice { BlockCodec.takeLattice(bytes, of: weights) }
                result.withUnsafeMutableBufferPointer {
                    BlockCodec.decode(.q4_0, UnsafeRawBufferPointer(bytes), into: $0)
                }
            }
        }
        return result
    }

    private func relativeError(_ weights: [Float], _ made: [Float]) -> Float {
        let error = zip(weights, made).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (error / weights.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }

    /// Whatever ends of the grid the groups reach.
    @Test(arguments: [-8...7, -7...7, -7...8, -3...3, -1...1, 0...7])
    func finishedGridsAreKept(_ levels: ClosedRange<Int>) {
        let weights = groups(500, levels: levels)
        let found = weights.withUnsafeBufferPointer { BlockCodec.latticeGroups(of: $0) }
        // A group may reach both 8 and -8 of a mirrored grid only where the levels allow it.
        #expect(found.off == 0)
        #expect(relativeError(weights, restored(weights, takesLattice: true)) < 0.002)
    }

    @Test func theReferenceRoundsFinishedGridsAgain() {
        let weights = groups(2000, levels: -7...7)
        #expect(relativeError(weights, restored(weights, takesLattice: false)) > 0.05)
    }

    @Test func otherWeightsLieOnNoGridAndStayAsTheyWereEncoded() {
        var random = SeededRandom.printed()
        let weights = (0..<(32 * 2000)).map { _ in Self.bfloat(Float.random(in: -1...1, using: &random)) }
        let found = weights.withUnsafeBufferPointer { BlockCodec.latticeGroups(of: $0) }
        #expect(found.on == 0)
        #expect(restored(weights, takesLattice: true) == restored(weights, takesLattice: false))
    }

    @Test func zerosTellNothing() {
        let weights = [Float](repeating: 0, count: 64)
        let found = weights.withUnsafeBufferPointer { BlockCodec.latticeGroups(of: $0) }
        #expect(found == (0, 0))
        #expect(restored(weights, takesLattice: true) == weights)
    }

    /// Steps so small or large that half precision does not hold them.
    @Test(arguments: [0x1p-126, 0x1p-149, 0x1p100, 0x1p124] as [Float])
    func stepsBeyondHalfPrecisionAreLeftToTheEncoder(_ step: Float) {
        let weights = (0..<32).map { Float($0 % 8) * step }
        // Some are infinite, some NaN.
        let bits = [true, false].map { restored(weights, takesLattice: $0).map(\.bitPattern) }
        #expect(bits[0] == bits[1])
    }
}
