import Tensors

/// The least that a token takes, whatever the types of the weights that it reads.
package struct LeastTime: Sendable {
    /// In milliseconds, each weight and each byte for itself: no type is quicker by either.
    private let perWeight: Double
    private let perByte: Double

    /// - Parameter devices: the quickest of these; where there are none, a token takes no time.
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

    /// In milliseconds.
    /// - Parameters:
    ///   - weights: at most as many as a token is multiplied with.
    ///   - bytes: at most as many as these weights have.
    package func milliseconds(weights: Int, bytes: Int) -> Double {
        max(Double(weights) * perWeight, Double(bytes) * perByte)
    }
}
