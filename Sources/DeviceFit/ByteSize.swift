import BinaryIO

/// A number of bytes as people write it: GB is decimal (10^9), GiB is binary (2^30).
public struct ByteSize: Hashable, Sendable, CustomStringConvertible {
    /// The number of bytes.
    public let bytes: Int

    /// Creates a size from a number of bytes.
    public init(bytes: Int) { self.bytes = bytes }

    /// Reads `3GB`, `1.5 GiB`, `512MiB` or a plain number of bytes, in any case.
    ///
    /// A bare `3G` is rejected: it could mean either of two sizes that are 7 % apart.
    /// - Throws: `DeviceFitError.unreadableSize`.
    public init(_ text: String) throws(DeviceFitError) {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(digits.count).trimmingPrefix(" ").lowercased()
        guard
            let number = Double(digits), digits.first != ".", digits.last != ".",
            let factor = Self.factors[unit],
            number * factor < Double(Int.max / 2), number * factor >= 1
        else { throw .unreadableSize(text) }
        bytes = Int((number * factor).rounded())
    }

    /// Reads the size of a model or of a memory budget, which is never below a megabyte: users who type `3` mean 3 GB.
    /// - Throws: `DeviceFitError.unreadableSize`, `.smallSize`.
    public init(ofModel text: String) throws(DeviceFitError) {
        try self.init(text)
        guard bytes >= 1_000_000 else { throw .smallSize(text, bytes: bytes) }
    }

    /// The number of bytes in a GiB.
    public static let gibibyte = 1_073_741_824.0
    /// The number of bytes in a MiB.
    public static let mebibyte = 1_048_576.0

    private static let factors: [String: Double] = [
        "": 1, "b": 1,
        "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
        "kib": 1024, "mib": mebibyte, "gib": gibibyte, "tib": 1024 * gibibyte,
    ]

    /// The size with one decimal in the largest decimal unit, such as `3.0 GB`.
    public var description: String { decimalSize(bytes) }
}
