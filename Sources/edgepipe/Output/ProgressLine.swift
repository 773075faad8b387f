import Work

/// How far some work is, on standard error.
final class ProgressLine: Sendable {
    private let lines: ProgressLines

    init(isQuiet: Bool) { lines = ProgressLines(isQuiet: isQuiet) }

    /// Shows the state of work that Ctrl-C may stop.
    func track(_ detail: String, _ done: Int, _ total: Int) throws {
        try Interruption.check()
        update(detail, done, total)
    }

    func update(_ detail: String, _ done: Int, _ total: Int) { lines.update("", detail, done, total) }

    /// Takes the line away, so that what follows begins on a clean one.
    func clear() { lines.end("") }
}
