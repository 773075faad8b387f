import CKernels
import Tensors

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The kernels in plain Swift: the definition that the C variants are tested against, and the fallback if there is
/// none. Sums are in the same order as in C; C may fuse a product with its sum and has its own `exp`.
enum SwiftKernels {
    static func multiply(
        tokens: Int,
        depth: Int,
        _ x: Rows<UnsafePointer<Float>>,
        count: Int,
        into out: Rows<UnsafeMutablePointer<Float>>,
        weight: (_ k: Int, _ column: Int) -> Float
    ) {
        let block = Int(EK_DEPTH)
        for token in 0..<tokens {
            for column in 0..<count {
                var total: Float = 0
                for start in Swift.stride(from: 0, to: depth, by: block) {
                    var sum: Float = 0
                    for k in start..<min(start + block, depth) {
                        sum += x.start[token * x.stride + k] * weight(k, column)
                    }
                    total = start == 0 ? sum : total + sum
                }
                out.start[token * out.stride + column] = total
            }
        }
    }

    static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        let laneCount = Int(EK_LANES)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: laneCount) { lanes in
            lanes.initialize(repeating: 0)
            let whole = count / laneCount * laneCount
            for start in stride(from: 0, to: whole, by: laneCount) {
                for lane in 0..<laneCount { lanes[lane] += a[start + lane] * b[start + lane] }
            }
            var half = laneCount / 2
            while half > 0 {
                for lane in 0..<half { lanes[lane] += lanes[lane + half] }
                half /= 2
            }
            var total = lanes[0]
            for index in whole..<count { total += a[index] * b[index] }
            return total
        }
    }

    static func max(_ x: UnsafeBufferPointer<Float>) -> Float {
        var largest = x[0]
        for value in x where value > largest { largest = value }
        return largest
    }

    static func sumOfExponentials(_ x: UnsafeBufferPointer<Float>, shift: Float) -> Double {
        var sum = 0.0
        for value in x { sum += Double(expf(value - shift)) }
        return sum
    }

    static func exponentiate(_ x: UnsafeMutableBufferPointer<Float>, shift: Float, scale: Float) -> Double {
        var sum = 0.0
        for index in x.indices {
            x[index] = expf((x[index] - shift) * scale)
            sum += Double(x[index])
        }
        return sum
    }

    static func swiglu(_ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, count: Int) {
        for index in 0..<count { gate[index] = gate[index] / (1 + expf(-gate[index])) * up[index] }
    }

    static func gelu(_ x: UnsafeMutablePointer<Float>, times factors: UnsafePointer<Float>?, count: Int) {
        for index in 0..<count {
            var value = x[index]
            if value <= -10 {
                value = 0
            } else if !(value >= 10) {
                let half = HalfFloat.decode(HalfFloat.encode(value))
                let inner = 0.797884561 * half * (1 + 0.044715 * half * half)
                value = HalfFloat.decode(HalfFloat.encode(half / (1 + expf(-2 * inner))))
            }
            x[index] = value * (factors?[index] ?? 1)
        }
    }

    static func softCap(_ x: UnsafeMutableBufferPointer<Float>, scale: Float, cap: Float) {
        for index in x.indices { x[index] = cap * tanhf(x[index] * scale / cap) }
    }
}
