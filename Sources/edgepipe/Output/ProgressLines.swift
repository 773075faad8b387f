import Foundation
import Synchronization

/// The progress of several concurrent works, on standard error: on a terminal one line each, which is redrawn;
/// elsewhere, where every line stays, one line for each tenth of work that takes longer than a few seconds.
final class ProgressLines: Sendable {
    private struct Work {
        let name: String
        var detail = ""
        var done = 0
        var total = 0
        var started = Date()
        var lastTenth = -1
    }

    private struct State {
        var works: [Work] = []
        var lastDrawn = Date.distantPast
        /// The number of lines currently on the terminal.
        var drawnCount = 0
    }

    /// The seconds between two drawings.
    private static let interval = 0.1
    /// The seconds after which work is reported where lines stay; shorter work is not.
    private static let shortest = 5.0

    private let isQuiet: Bool
    private let state = Mutex(State())

    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// - Parameter name: the name of the work, with which its line begins; empty for work without a name.
    func update(_ name: String, _ detail: String, _ done: Int, _ total: Int) {
        guard !isQuiet, total > 0 else { return }
        state.withLock { state in
            let now = Date()
            let index = state.works.firstIndex { $0.name == name } ?? state.works.endIndex
            if index == state.works.endIndex { state.works.append(Work(name: name)) }
            if total != state.works[index].total || done < state.works[index].done {
                // Other work of the same step, which is timed separately.
                (state.works[index].started, state.works[index].lastTenth) = (now, -1)
            }
            (state.works[index].detail, state.works[index].done, state.works[index].total) = (detail, done, total)
            guard Console.isErrorTerminal else {
                Self.write(&state.works[index], now)
                return
            }
            guard now.timeIntervalSince(state.lastDrawn) >= Self.interval else { return }
            Self.draw(&state, now)
        }
    }

    /// Removes a work's line.
    func end(_ name: String) {
        state.withLock { state in
            state.works.removeAll { $0.name == name }
            Self.clear(&state)
        }
    }

    /// Prints permanent output above the redrawn lines.
    func print(_ body: () -> Void) {
        state.withLock { state in
            Self.clear(&state)
            body()
        }
    }

    private static func write(_ work: inout Work, _ now: Date) {
        let tenth = work.done * 10 / work.total
        guard now.timeIntervalSince(work.started) >= shortest, tenth > work.lastTenth else { return }
        work.lastTenth = tenth
        Console.error(line(work, now, nameWidth: work.name.count))
    }

    private static func draw(_ state: inout State, _ now: Date) {
        clear(&state)
        let width = Console.errorWidth - 1
        let longest = state.works.map(\.name.count).max() ?? 0
        Console.drawErrorLines(state.works.map { String(line($0, now, nameWidth: longest).prefix(width)) })
        (state.drawnCount, state.lastDrawn) = (state.works.count, now)
    }

    private static func clear(_ state: inout State) {
        if state.drawnCount > 0 { Console.clearErrorLines(state.drawnCount) }
        state.drawnCount = 0
    }

    /// `  quality   45 % ▕█████████           ▏ 1m10s left  q4_k_m: perplexity 12.345`
    private static func line(_ work: Work, _ now: Date, nameWidth: Int) -> String {
        let elapsed = now.timeIntervalSince(work.started)
        let share = min(1, Double(work.done) / Double(work.total))
        let bar = String(repeating: "█", count: Int(share * 20)).padding(toLength: 20, withPad: " ", startingAt: 0)
        let name = work.name.isEmpty ? "" : work.name.padding(toLength: nameWidth, withPad: " ", startingAt: 0) + "  "
        let percent = String(repeating: " ", count: share < 0.1 ? 2 : share < 1 ? 1 : 0) + "\(Int(share * 100))"
        let isKnown = elapsed > 1 && share > 0.02 && share < 1
        let left = isKnown ? " \(duration(elapsed / share - elapsed)) left" : ""
        return "  \(name)\(percent)% ▕\(bar)▏\(left)  \(work.detail)"
    }

    /// `42s`, `3m10s`, `2h05m`.
    static func duration(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole)s" }
        if whole < 3600 { return "\(whole / 60)m\(String(format: "%02d", whole % 60))s" }
        return "\(whole / 3600)h\(String(format: "%02d", whole % 3600 / 60))m"
    }
}
