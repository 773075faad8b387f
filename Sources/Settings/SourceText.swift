import BinaryIO
import SystemPackage

/// The text of a handwritten file, without a byte-order mark.
package enum SourceText {
    /// The largest handwritten file, in bytes: a thousand times what one needs.
    package static let sizeLimit = 1 << 20

    /// - Parameter limit: the limit in bytes, for a file that is not handwritten.
    /// - Throws: `FileError`; `SettingsError` if the file is not UTF-8.
    package static func read(_ path: FilePath, limit: Int = sizeLimit) throws -> String {
        var bytes = try readFile(path, limit: limit)[...]
        func wrong(_ message: String, at place: SourcePlace) -> SettingsError {
            SettingsError(path: path, text: "", diagnostics: [Diagnostic(place: place, message: message)])
        }
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            throw wrong("the file is UTF-16. Save it as UTF-8.", at: SourcePlace(line: 1, column: 1))
        }
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        throw wrong("the file is not valid UTF-8 here. Save it as UTF-8.", at: placeOfFirstError(in: bytes))
    }

    private static func placeOfFirstError(in bytes: ArraySlice<UInt8>) -> SourcePlace {
        var line = 1
        for content in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if String(validating: content, as: UTF8.self) == nil {
                let repaired = String(decoding: content, as: UTF8.self)
                let column = repaired.unicodeScalars.prefix { $0 != "\u{FFFD}" }.count
                return SourcePlace(line: line, column: column + 1)
            }
            line += 1
        }
        return SourcePlace(line: 1, column: 1)
    }
}
