import Work

/// The progress of some work, on standard error.
final class ProgressLine: Sendable {
    private let lines: ProgressLines

    init(isQuiet: Bool) { lines = ProgressLines(isQuiet: isQuiet) }

    /// Shows the state of work that Ctrl-C can stop.
    func track(_ detail: String, _ done: Int, _ total: Int) throws {
        try Interruption.check()
        update(detail, done, total)
    }

    func update(_ detail: String, _ done: Int, _ total: Int) { lines.update("", detail, done, total) }

    /// Removes the line, so that the next output begins on an empty one.
    func clear() { lines.end("") }
}
