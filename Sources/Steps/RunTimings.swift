import BinaryIO
import Briefs
import Foundation
import Pipeline
import Registry
import Synchronization
import SystemPackage

/// Where a run's time went, by its events.
public final class RunTimings: Sendable {
    fileprivate struct State {
        /// The names of the pipelines that began.
        var pipelines: [String] = []
        /// Their steps, with the number of the pipeline.
        var steps: [(pipeline: Int, step: TimingsPage.Step)] = []
        var began: ContinuousClock.Instant
        var lastEvent: ContinuousClock.Instant
    }

    private let state: Mutex<State>

    /// Begins to count now.
    public init() {
        let now = ContinuousClock.now
        state = Mutex(State(began: now, lastEvent: now))
    }

    /// Says whose events follow.
    public func begin(_ pipeline: String) { state.withLock { $0.pipelines.append(pipeline) } }

    /// Takes what happened just now.
    public func note(_ event: RunEvent) {
        state.withLock { state in
            let now = ContinuousClock.now
            let passed = (now - state.lastEvent) / .seconds(1)
            switch event.event {
            case .stepStarted: state.open(event, at: (now - state.began) / .seconds(1))
            case .progress:
                // What is reported as done took the time since the last report.
                guard let last = state.steps.indices.last, state.isOpen(event) else { break }
                state.steps[last].step.add(passed, to: Self.topic(event.detail ?? ""))
            case .stepFinished:
                let seconds = event.seconds ?? 0
                if !state.isOpen(event) { state.open(event, at: max(0, (now - state.began) / .seconds(1) - seconds)) }
                state.steps[state.steps.count - 1].step.seconds = seconds
                state.steps[state.steps.count - 1].step.status = event.status?.rawValue ?? ""
            case .download, .remark: break
            }
            state.lastEvent = now
        }
    }

    /// Writes the chart as a page; it appears when it is complete.
    /// - Throws: `FileError`.
    public func write(to path: FilePath) throws {
        let (pipelines, steps) = state.withLock { ($0.pipelines, $0.steps) }
        let named = steps.map { item in
            var step = item.step
            if pipelines.count > 1 { step.name = "\(pipelines[item.pipeline]): \(step.name)" }
            return step
        }
        let title = pipelines.joined(separator: ", ")
        try writeFile(TimingsPage(pipeline: title, tool: Edgepipe.version, steps: named).html.utf8, to: path)
    }

    /// What is worked on, without how far it is.
    private static func topic(_ detail: String) -> String { String(detail.prefix { $0 != ":" }) }
}

extension RunTimings.State {
    fileprivate mutating func open(_ event: RunEvent, at start: Double) {
        let step = TimingsPage.Step(name: event.step, kind: event.kind, start: start)
        steps.append((max(0, pipelines.count - 1), step))
    }

    /// Whether the step is the last one that began, and has not ended.
    fileprivate func isOpen(_ event: RunEvent) -> Bool {
        guard let last = steps.last else { return false }
        return last.pipeline == max(0, pipelines.count - 1) && last.step.name == event.step && last.step.status.isEmpty
    }
}
