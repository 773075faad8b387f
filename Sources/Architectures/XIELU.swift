import GGUF

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The expanded integral of the exponential linear unit: a square for positive inputs, and a function of an exponential
/// for negative ones. Each layer has its own learned parameters.
///
/// Source: Huang and Schlag, "Deriving Activation Functions Using Integration", 2024.
public struct XIELU: Sendable, Equatable {
    /// The factor of the square.
    public var positive: Float = 0
    /// The factor of the exponential.
    public var negative: Float = 0
    /// The slope at zero.
    public var slope: Float = 0
    /// The least distance below zero.
    public var distance: Float = 0

    /// The activation of x.
    public func callAsFunction(_ x: Float) -> Float {
        guard x <= 0 else { return positive * x * x + slope * x }
        return (expm1f(min(x, distance)) - x) * negative + slope * x
    }
}

extension XIELU {
    /// The parameters of each layer, under keys without an architecture's prefix. A file has the factors as they were
    /// learned, before they are made positive.
    static func all(_ keys: ShapeReader, count: Int) throws -> [XIELU] {
        func values(_ name: String) throws -> [Float] {
            let key = "xielu.\(name)"
            let found: [Float]
            if case .array? = keys.metadata[key] {
                found = try keys.metadata.floats(key) ?? []
            } else {
                let one = try keys.metadata.float(key).required(key)
                found = Array(repeating: one, count: count)
            }
            guard found.count == count else {
                throw ShapeProblem.badValue(
                    key: key,
                    value: "an array of \(found.count)",
                    expected: "one number per layer"
                )
            }
            for value in found where !value.isFinite {
                throw ShapeProblem.badValue(key: key, value: "\(value)", expected: "a finite number")
            }
            return found
        }
        let (negatives, positives) = (try values("alpha_n"), try values("alpha_p"))
        let (slopes, distances) = (try values("beta"), try values("eps"))
        return (0..<count).map { index in
            XIELU(
                positive: softplus(positives[index]),
                negative: slopes[index] + softplus(negatives[index]),
                slope: slopes[index],
                distance: distances[index]
            )
        }
    }

    private static func softplus(_ x: Float) -> Float { x > 20 ? x : logf(1 + expf(x)) }
}
