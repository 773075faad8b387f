import BinaryIO
import Foundation

/// The JSON that commands print and servers return: sorted keys, times as ISO 8601, and no control characters for a
/// terminal.
public enum RecordText {
    /// Encodes one value and a line end.
    /// - Parameter isPretty: whether it is indented over several lines; otherwise it is on one line.
    /// - Throws: `EncodingError`, never for records of a registry.
    public static func json(_ value: some Encodable, isPretty: Bool = true) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.dateEncodingStrategy = .iso8601
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        return String(decoding: try encoder.encode(value), as: UTF8.self).visibleJSON + "\n"
    }
}
