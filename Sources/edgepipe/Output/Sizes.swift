import Foundation

/// Formats a number of bytes in decimal units: `3.40 GB`.
func sizeText(_ bytes: Int) -> String {
    let units: [(String, Double)] = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)]
    for (name, size) in units where Double(bytes) >= size {
        return String(format: "%.2f %@", Double(bytes) / size, name)
    }
    return "\(bytes) B"
}

/// Formats a number with fixed digits, or as a dash for nil.
func numberText(_ value: Double?, _ digits: Int) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "-"
}
