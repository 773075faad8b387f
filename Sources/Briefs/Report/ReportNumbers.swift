import DeviceFit

/// A number with this many significant digits, without an exponent.
package func significant(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite else { return "?" }
    guard value != 0 else { return "0" }
    var (size, decimals) = (abs(value), digits - 1)
    while size >= 10, decimals > 0 { (size, decimals) = (size / 10, decimals - 1) }
    while size < 1, decimals < 9 { (size, decimals) = (size * 10, decimals + 1) }
    return number(value, decimals)
}

/// `12.3456 ± 0.12`
func plusMinus(_ value: Double, _ error: Double?, digits: Int = 5) -> String {
    significant(value, digits) + (error.map { " ± \(significant($0, 2))" } ?? "")
}

/// `1.2 GB (1.0 GB – 1.5 GB)`
func span(_ range: ByteRange) -> String { "\(ByteSize(bytes: range.mid)) (\(ends(range)))" }

/// `1.0 GB – 1.5 GB`
func ends(_ range: ByteRange) -> String { "\(ByteSize(bytes: range.low)) – \(ByteSize(bytes: range.high))" }

extension ReportPage.Cell {
    static func range(_ range: ByteRange) -> Self { .range("\(ByteSize(bytes: range.mid))", ends(range)) }

    /// A range with three significant digits, or all digits before the decimal mark.
    static func range(_ range: RangeEstimate, unit: String = "") -> Self {
        let digits = range.mid >= 100 ? 0 : range.mid >= 10 ? 1 : range.mid >= 0.1 ? 2 : 4
        return .range(
            Briefs.number(range.mid, digits) + unit,
            "\(Briefs.number(range.low, digits)) – \(Briefs.number(range.high, digits))"
        )
    }
}

extension String {
    /// The first digits of a digest, enough to distinguish things on a page that shows the whole digest elsewhere.
    var shortDigest: String { String(prefix(12)) }
}
