import Answers
import BinaryIO
import Foundation
import Pipeline

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Results go to standard output, everything else to standard error.
///
/// Names and texts from files may be in anything that is printed, so control characters are written out on the way.
enum Console {
    static var isErrorTerminal: Bool { isatty(STDERR_FILENO) != 0 }
    static var isInputTerminal: Bool { isatty(STDIN_FILENO) != 0 }

    /// Columns of the terminal behind standard error.
    static var errorWidth: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    /// Results that cannot be delivered end the program: whoever reads half of them must not take them for all.
    static func print(_ text: String, terminator: String = "\n") { write(text.visibleLines + terminator) }

    /// Prints a model's own words: as they are to a file or a pipe, and harmless to a terminal.
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

    /// Says what somebody should know, on one line: no text of a file begins a line of its own.
    static func message(_ text: String) { writeError("edgepipe: " + text.visible + "\n") }

    static func error(_ text: String) { writeError(text.visibleLines + "\n") }

    /// Asks on the terminal; the answer comes on the same line.
    static func prompt(_ text: String) { writeError(text.visible) }

    /// Draws lines on the terminal; the cursor stays at the end of the last one.
    static func drawErrorLines(_ lines: [String]) { writeError(lines.map(\.visible).joined(separator: "\n")) }

    /// Clears lines that were drawn; the cursor goes to the start of the first one.
    static func clearErrorLines(_ count: Int) {
        writeError("\r\u{1b}[K" + String(repeating: "\u{1b}[1A\u{1b}[K", count: count - 1))
    }

    private static func writeError(_ text: String) {
        // Where messages cannot be written there is nobody to tell.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// - Throws: where a number is no number, which JSON cannot say.
    static func print(json value: some Encodable, isPretty: Bool = true) throws {
        write(try RecordText.json(value, isPretty: isPretty))
    }
}
