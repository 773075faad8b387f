import Pipeline
import Settings
import Steps

/// Shows a run while it is in progress: progress for a human reader, or one JSON object per line for a program.
final class RunReporter: Sendable {
    private let lines: ProgressLines
    private let isQuiet: Bool
    private let isVerbose: Bool
    private let isStreaming: Bool

    init(isQuiet: Bool, isVerbose: Bool, isStreaming: Bool) {
        lines = ProgressLines(isQuiet: isQuiet)
        self.isQuiet = isQuiet
        self.isVerbose = isVerbose
        self.isStreaming = isStreaming
    }

    @Sendable func receive(_ event: RunEvent) throws {
        if isStreaming { try Console.print(json: event, isPretty: false) }
        guard !isQuiet else { return }
        switch event.event {
        case .stepStarted:
            lines.end("")
            lines.print { Console.error("\(event.step): \(event.kind)") }
        case .download:
            lines.update("", event.detail ?? "", event.done ?? 0, event.total ?? 0)
        case .progress:
            lines.update(event.step, event.detail ?? "", event.done ?? 0, event.total ?? 0)
        case .remark:
            lines.print { Console.message(event.detail ?? "") }
        case .stepFinished:
            lines.end(event.step)
            lines.print { finished(event) }
        }
    }

    private func finished(_ event: RunEvent) {
        let seconds = event.seconds ?? 0
        let time = isVerbose || seconds >= 1 ? " in \(ProgressLines.duration(seconds))" : ""
        switch event.status {
        case .cached: Console.error("\(event.step): nothing to do, cached")
        case let status?: Console.error("\(event.step): \(status.rawValue)\(time)")
        case nil: break
        }
    }

    func finish() { lines.end("") }
}
