import Foundation

/// Llama 3.1's factors of the rotary embedding: high frequencies stay, low ones are divided, and those in between are
/// interpolated.
enum Llama3Factors {
    /// - Parameter factor: the default divisor of low frequencies.
    /// - Returns: half as many divisors as a head has elements; nil for a model without them.
    static func read(_ config: ModelConfig, factor: Double = 8) throws -> [Float]? {
        guard config.ropeType == "llama3" else { return nil }
        let headLength = try config.headLength
        let base = try config.ropeNumber("rope_theta") ?? 10_000
        let factor = try config.ropeNumber("factor") ?? factor
        let lowFactor = try config.ropeNumber("low_freq_factor") ?? 1
        let highFactor = try config.ropeNumber("high_freq_factor") ?? 4
        let context = try config.ropeNumber("original_max_position_embeddings") ?? 8192
        return stride(from: 0, to: headLength, by: 2).map { index in
            // Single precision, and a reciprocal instead of each division, as in the reference: the factors must match
            // its bits.
            let exponent = Double(Float(index) / Float(headLength))
            let frequency = 1 / Float(pow(base, exponent))
            let wavelength = (1 / frequency) * Float(2 * Double.pi)
            if wavelength < Float(context / highFactor) { return 1 }
            if wavelength > Float(context / lowFactor) { return Float(factor) }
            let periods = (1 / wavelength) * Float(context)
            let smooth = (periods - Float(lowFactor)) / Float(highFactor - lowFactor)
            return 1 / ((1 - smooth) / Float(factor) + smooth)
        }
    }
}
