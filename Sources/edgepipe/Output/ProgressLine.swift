import Foundation
import Pipeline
import Synchronization
import Work

/// How far some work is, on standard error: a line that is drawn over on a terminal, and elsewhere, where every line
/// stays, one for each tenth of what takes longer than a few seconds.
final class ProgressLine: Sendable {
    private struct State {
        var detail = ""
        var started = Date()
        var lastDrawn = Date.distantPast
        var lastTenth = -1
        var isDrawn = false
    }

    private let isQuiet: Bool
    private let state = Mutex(State())

    init(isQuiet: Bool) {
        self.isQuiet = isQuiet
    }

    /// Shows the state of work that Ctrl-C may stop.
    func track(_ detail: String, _ done: Int, _ total: Int) throws {
        try Interruption.check()
        update(detail, done, total)
    }

    func update(_ detail: String, _ done: Int, _ total: Int) {
        guard !isQuiet, total > 0 else { return }
        state.withLock { state in
            let topic = detail.prefix { $0 != ":" }
            if topic != state.detail.prefix(while: { $0 != ":" }) {
                state.started = Date()
                state.lastTenth = -1
            }
            state.detail = detail
            let now = Date()
            let isTerminal = Console.isErrorTerminal
            let tenth = done * 10 / total
            let isDue =
                isTerminal
                ? now.timeIntervalSince(state.lastDrawn) >= 0.1
                : now.timeIntervalSince(state.started) >= 5 && tenth > state.lastTenth
            guard isDue else { return }
            state.lastDrawn = now
            state.lastTenth = tenth
            let line = Self.line(detail, done, total, elapsed: now.timeIntervalSince(state.started))
            if isTerminal {
                Console.redrawErrorLine(String(line.prefix(Console.errorWidth - 1)))
                state.isDrawn = true
            } else {
                Console.error(line)
            }
        }
    }

    /// Takes the line away, so that what follows begins on a clean one.
    func clear() {
        state.withLock { state in
            if state.isDrawn { Console.redrawErrorLine() }
            state.isDrawn = false
            state.detail = ""
        }
    }

    private static func line(_ detail: String, _ done: Int, _ total: Int, elapsed: TimeInterval) -> String {
        let share = Double(done) / Double(total)
        let bar = String(repeating: "█", count: Int(share * 20)).padding(toLength: 20, withPad: " ", startingAt: 0)
        var line = "  \(detail)  \(Int(share * 100))% ▕\(bar)▏"
        if elapsed > 1, share > 0.02, share < 1 {
            line += "  \(duration(elapsed / share - elapsed)) left"
        }
        return line
    }

    /// `42s`, `3m10s`, `2h05m`.
    static func duration(_ seconds: TimeInterval) -> String {
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return "\(whole / 60)m\(String(format: "%02d", whole % 60))s" }
        return "\(whole / 3600)h\(String(format: "%02d", whole % 3600 / 60))m"
    }
}
