import Answers
import BinaryIO
import Foundation
import Pipeline

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Writes results to standard output, and everything else to standard error.
///
/// Names and texts from files may be part of any output, so control characters are escaped.
enum Console {
    static var isErrorTerminal: Bool { isatty(STDERR_FILENO) != 0 }
    static var isInputTerminal: Bool { isatty(STDIN_FILENO) != 0 }

    /// The number of columns of the terminal behind standard error.
    static var errorWidth: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Prints results, and ends the program if they cannot be written: a reader must not take half of them for all.
    static func print(_ text: String, terminator: String = "\n") { write(text.visibleLines + terminator) }

    /// Prints a model's own words: unchanged to a file or a pipe, and escaped to a terminal.
    static func print(generated text: String) {
        write(isatty(STDOUT_FILENO) != 0 ? text.visibleLines : text)
    }

    private static func write(_ text: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            Self.error(
                "edgepipe: standard output: cannot write: \(error.localizedDescription) Give it a place with room."
            )
            exit(ExitStatus.failed.rawValue)
        }
    }

    /// Prints a message to the user on one line: no text from a file can begin a line of its own.
    static func message(_ text: String) { writeError("edgepipe: " + text.visible + "\n") }

    static func error(_ text: String) { writeError(text.visibleLines + "\n") }

    /// Prints a prompt on the terminal; the answer is read from the same line.
    static func prompt(_ text: String) { writeError(text.visible) }

    /// Draws lines on the terminal; the cursor stays at the end of the last one.
    static func drawErrorLines(_ lines: [String]) { writeError(lines.map(\.visible).joined(separator: "\n")) }

    /// Clears drawn lines; the cursor moves to the start of the first one.
    static func clearErrorLines(_ count: Int) {
        writeError("\r\u{1b}[K" + String(repeating: "\u{1b}[1A\u{1b}[K", count: count - 1))
    }

    private static func writeError(_ text: String) {
        // If messages cannot be written, the failure cannot be reported either.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// - Throws: an error if a number is NaN or infinite, which JSON cannot represent.
    static func print(json value: some Encodable, isPretty: Bool = true) throws {
        write(try RecordText.json(value, isPretty: isPretty))
    }
}
