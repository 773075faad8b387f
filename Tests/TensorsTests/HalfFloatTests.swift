import Foundation
import Tensors
import TestSupport
import Testing

/// Half precision by its definition, IEEE 754: ten bits of fraction, exponents from -14 to 15, subnormals below.
private enum Definition {
    static func value(_ bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 0x3ff)
        return switch exponent {
        case 0: sign * fraction * exp2(-24)
        case 31: fraction == 0 ? sign * .infinity : .nan
        default: sign * (1024 + fraction) * exp2(Double(exponent - 25))
        }
    }

    /// The nearest half, ties to the even one: counts steps of the last place in exact arithmetic.
    static func nearest(_ value: Float) -> UInt16 {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        if value.isNaN { return sign | 0x7e00 }
        let magnitude = Double(value.magnitude)
        if magnitude >= 65520 { return sign | 0x7c00 }
        // The unit of the last place; below 2^-14 it no longer shrinks.
        let exponent = magnitude == 0 ? -14 : max(-14, Int(magnitude.exponent))
        let steps = (magnitude / exp2(Double(exponent - 10))).rounded(.toNearestOrEven)
        // Steps of a normal number start at 1024, of which the exponent's own bit is one; a carry raises the exponent.
        return sign | UInt16(Int(steps) + (exponent + 14) * 1024)
    }
}

@Suite struct HalfFloatTests {
    @Test func everyHalfDecodesToItsDefinition() {
        var wrong: [UInt16] = []
        for bits in 0...UInt16.max {
            let decoded = HalfFloat.decode(bits)
            let expected = Definition.value(bits)
            let isSame = expected.isNaN ? decoded.isNaN : Double(decoded) == expected
            if !isSame || (decoded.sign == .minus) != (bits >= 0x8000) { wrong.append(bits) }
        }
        #expect(wrong.isEmpty)
    }

    @Test func everyHalfSurvivesARoundTrip() {
        let wrong = (0...UInt16.max).filter { bits in
            let isNaN = bits & 0x7fff > 0x7c00
            return HalfFloat.encode(HalfFloat.decode(bits)) != (isNaN ? bits & 0x8000 | 0x7e00 : bits)
        }
        #expect(wrong.isEmpty)
    }

    @Test func everyTieBetweenTwoHalvesGoesToTheEvenOneAndItsNeighboursDoNot() {
        var wrong: [UInt16] = []
        for bits in 0..<UInt16(0x7bff) {
            let tie = (HalfFloat.decode(bits) + HalfFloat.decode(bits + 1)) / 2
            let even = bits & 1 == 0 ? bits : bits + 1
            let isRight =
                HalfFloat.encode(tie) == even && HalfFloat.encode(-tie) == even | 0x8000
                && HalfFloat.encode(tie.nextDown) == bits && HalfFloat.encode(tie.nextUp) == bits + 1
            if !isRight { wrong.append(bits) }
        }
        #expect(wrong.isEmpty)
    }

    @Test(
        arguments: [
            (65504, 0x7bff), (65519, 0x7bff), (Float(65520).nextDown, 0x7bff), (65520, 0x7c00), (65536, 0x7c00),
            (.greatestFiniteMagnitude, 0x7c00), (.infinity, 0x7c00), (-.infinity, 0xfc00), (-65520, 0xfc00), (0, 0),
            (-0.0, 0x8000), (0x1p-24, 1), (0x1p-25, 0), (Float(0x1p-25).nextUp, 1), (0x1p-14, 0x0400),
            (Float(0x1p-14).nextDown, 0x0400), (0x1.ff8p-15, 0x03ff), (.leastNonzeroMagnitude, 0), (.nan, 0x7e00),
        ] as [(Float, UInt16)]
    )
    func theEdgesOfTheRangeAreWhereTheStandardPutsThem(_ value: Float, _ bits: UInt16) {
        #expect(HalfFloat.encode(value) == bits)
    }

    @Test func randomBitPatternsEncodeToTheDefinition() {
        var random = SeededRandom.printed()
        var wrong: [UInt32] = []
        for _ in 0..<300_000 {
            // Half of the numbers in the range where rounding happens, half anywhere, NaN with payloads included.
            var bits = UInt32(truncatingIfNeeded: random.next())
            if Bool.random(using: &random) {
                bits = bits & 0x87ff_ffff | UInt32.random(in: 6...9, using: &random) << 27
            }
            let value = Float(bitPattern: bits)
            if HalfFloat.encode(value) != Definition.nearest(value) { wrong.append(bits) }
        }
        #expect(wrong.isEmpty)
    }
}

@Suite struct BrainFloatTests {
    @Test func everyNumberSurvivesARoundTripAndNaNBecomesQuiet() {
        let wrong = (0...UInt16.max).filter { bits in
            let isNaN = bits & 0x7fff > 0x7f80
            return BrainFloat.encode(BrainFloat.decode(bits)) != (isNaN ? bits | 0x40 : bits)
        }
        #expect(wrong.isEmpty)
    }

    @Test(
        arguments: [
            (1, 0x3f80), (0x3f80_7fff, 0x3f80), (0x3f80_8000, 0x3f80), (0x3f80_8001, 0x3f81), (0x3f81_8000, 0x3f82),
            (0x7f7f_7fff, 0x7f7f), (0x7f7f_8000, 0x7f80), (0x7f80_0000, 0x7f80), (0xff80_0000, 0xff80),
            (0x7f80_0001, 0x7fc0), (0xffff_ffff, 0xffff), (0x0000_8000, 0), (0x0000_8001, 1), (0x8000_0000, 0x8000),
        ] as [(UInt32, UInt16)]
    )
    func roundsToNearestEven(_ bits: UInt32, _ expected: UInt16) {
        let value = bits == 1 ? 1 : Float(bitPattern: bits)
        #expect(BrainFloat.encode(value) == expected)
    }

    @Test func randomNumbersGoToTheNearerNeighbour() {
        var random = SeededRandom.printed()
        var wrong: [UInt32] = []
        for _ in 0..<200_000 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            guard value.isFinite, value.magnitude < 0x1.fep127 else { continue }
            let encoded = BrainFloat.encode(value)
            let lower = UInt16(value.bitPattern >> 16)
            let (below, above) = (Double(BrainFloat.decode(lower)), Double(BrainFloat.decode(lower + 1)))
            let (toBelow, toAbove) = (abs(Double(value) - below), abs(above - Double(value)))
            let nearest = toBelow == toAbove ? lower + lower & 1 : toBelow < toAbove ? lower : lower + 1
            if encoded != nearest { wrong.append(value.bitPattern) }
        }
        #expect(wrong.isEmpty)
    }
}
