import Foundation
import Pipeline

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Results go to standard output, everything else to standard error.
enum Console {
    static var isErrorTerminal: Bool { isatty(STDERR_FILENO) != 0 }

    /// Columns of the terminal behind standard error.
    static var errorWidth: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Results that cannot be delivered end the program: whoever reads half of them must not take them for all.
    static func print(_ text: String, terminator: String = "\n") {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data((text + terminator).utf8))
        } catch {
            Self.error(
                "edgepipe: standard output: cannot write: \(error.localizedDescription) Give it a place with room."
            )
            exit(ExitStatus.failed.rawValue)
        }
    }

    static func error(_ text: String, terminator: String = "\n") {
        // Where messages cannot be written there is nobody to tell.
        try? FileHandle.standardError.write(contentsOf: Data((text + terminator).utf8))
    }

    /// - Throws: where a number is no number, which JSON cannot say.
    static func print(json value: some Encodable, isPretty: Bool = true) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.dateEncodingStrategy = .iso8601
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf",
            negativeInfinity: "-inf",
            nan: "nan"
        )
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
