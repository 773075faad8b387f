import Tensors

/// A lower bound of a token's time, whatever types its weights have.
package struct LeastTime: Sendable {
    /// Milliseconds per weight and per byte, each the minimum over all types and devices.
    private let perWeight: Double
    private let perByte: Double

    /// - Parameter devices: the fastest of these counts; without any, a token takes no time.
    package init(on devices: [Device]) {
        let times = devices.flatMap { device in
            TensorType.allCases.map { type in
                let time = FitEstimator.milliseconds(ofWeights: 1, as: type, on: device)
                return (weight: time, byte: time / (type.bitsPerElement / 8))
            }
        }
        perWeight = times.map(\.weight).min() ?? 0
        perByte = times.map(\.byte).min() ?? 0
    }

    /// Returns the lower bound in milliseconds.
    /// - Parameters:
    ///   - weights: at most the number of weights that a token is multiplied with.
    ///   - bytes: at most the number of bytes of these weights.
    package func milliseconds(weights: Int, bytes: Int) -> Double {
        max(Double(weights) * perWeight, Double(bytes) * perByte)
    }
}
