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
        var steps: [(pipeline: Int, step: TimingsPage.Step, lastEvent: ContinuousClock.Instant)] = []
        var began: ContinuousClock.Instant
    }

    private let state: Mutex<State>

    /// Begins to count now.
    public init() {
        state = Mutex(State(began: .now))
    }

    /// Says whose events follow.
    public func begin(_ pipeline: String) { state.withLock { $0.pipelines.append(pipeline) } }

    /// Takes what happened just now.
    public func note(_ event: RunEvent) {
        state.withLock { state in
            let now = ContinuousClock.now
            switch event.event {
            case .stepStarted: state.open(event, at: now)
            case .progress:
                // What is reported as done took the time since the step's last report.
                guard let index = state.openStep(event) else { break }
                let passed = (now - state.steps[index].lastEvent) / .seconds(1)
                state.steps[index].step.add(passed, to: Self.topic(event.detail ?? ""))
                state.steps[index].lastEvent = now
            case .stepFinished:
                let seconds = event.seconds ?? 0
                if state.openStep(event) == nil { state.open(event, at: max(state.began, now - .seconds(seconds))) }
                guard let index = state.openStep(event) else { break }
                state.steps[index].step.seconds = seconds
                state.steps[index].step.status = event.status?.rawValue ?? ""
            case .download, .remark: break
            }
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
    fileprivate mutating func open(_ event: RunEvent, at start: ContinuousClock.Instant) {
        let step = TimingsPage.Step(name: event.step, kind: event.kind, start: (start - began) / .seconds(1))
        steps.append((max(0, pipelines.count - 1), step, start))
    }

    /// The event's step, if it has begun and not ended.
    fileprivate func openStep(_ event: RunEvent) -> Int? {
        let pipeline = max(0, pipelines.count - 1)
        return steps.lastIndex { $0.pipeline == pipeline && $0.step.name == event.step && $0.step.status.isEmpty }
    }
}
