import Foundation

extension Double {
    /// With a fixed number of digits after the point.
    public func formatted(_ digits: Int) -> String { String(format: "%.\(digits)f", self) }
}
