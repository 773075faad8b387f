import Foundation

extension Double {
    /// The number with this many digits after the decimal point.
    public func formatted(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

/// A number of bytes with one decimal in the largest decimal unit, such as `3.0 GB`.
public func decimalSize(_ bytes: Int) -> String {
    let units: [(String, Double)] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
    for (name, size) in units where Double(bytes) >= size {
        let tenths = Int((Double(bytes) / size * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(name)"
    }
    return "\(bytes) B"
}
