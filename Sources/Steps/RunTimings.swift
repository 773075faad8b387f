import BinaryIO
import Briefs
import Foundation
import Pipeline
import Registry
import Synchronization
import SystemPackage

/// Where a run's time went, by its events.
public final class RunTimings: Sendable {
    private struct State {
        var steps: [TimingsPage.Step] = []
        var began: ContinuousClock.Instant
        var lastEvent: ContinuousClock.Instant
    }

    private let pipeline: String
    private let state: Mutex<State>

    /// Begins to count now.
    public init(_ pipeline: String) {
        self.pipeline = pipeline
        let now = ContinuousClock.now
        state = Mutex(State(began: now, lastEvent: now))
    }

    /// Takes what happened just now.
    public func note(_ event: RunEvent) {
        state.withLock { state in
            let now = ContinuousClock.now
            let passed = (now - state.lastEvent) / .seconds(1)
            switch event.event {
            case .stepStarted:
                let start = (now - state.began) / .seconds(1)
                state.steps.append(TimingsPage.Step(name: event.step, kind: event.kind, start: start))
            case .progress:
                // What is reported as done took the time since the last report.
                guard let last = state.steps.indices.last, state.steps[last].name == event.step else { break }
                state.steps[last].add(passed, to: Self.topic(event.detail ?? ""))
            case .stepFinished:
                let seconds = event.seconds ?? 0
                if state.steps.last?.name != event.step {
                    let start = (now - state.began) / .seconds(1) - seconds
                    state.steps.append(TimingsPage.Step(name: event.step, kind: event.kind, start: max(0, start)))
                }
                state.steps[state.steps.count - 1].seconds = seconds
                state.steps[state.steps.count - 1].status = event.status?.rawValue ?? ""
            case .download, .remark: break
            }
            state.lastEvent = now
        }
    }

    /// Writes the chart as a page; it appears when it is complete.
    /// - Throws: `FileError`.
    public func write(to path: FilePath) throws {
        let steps = state.withLock { $0.steps }
        try writeFile(TimingsPage(pipeline: pipeline, tool: Edgepipe.version, steps: steps).html.utf8, to: path)
    }

    /// What is worked on, without how far it is.
    private static func topic(_ detail: String) -> String { String(detail.prefix { $0 != ":" }) }
}
