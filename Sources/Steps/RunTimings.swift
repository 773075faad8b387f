import BinaryIO
import Briefs
import Foundation
import Pipeline
import Registry
import Synchronization
import SystemPackage

/// The durations of a run's steps, computed from its events.
public final class RunTimings: Sendable {
    fileprivate struct State {
        /// The names of the started pipelines.
        var pipelines: [String] = []
        /// Their steps, with the index of the pipeline.
        var steps: [(pipeline: Int, step: TimingsPage.Step, lastEvent: ContinuousClock.Instant)] = []
        var began: ContinuousClock.Instant
    }

    private let state: Mutex<State>

    /// Starts the clock.
    public init() {
        state = Mutex(State(began: .now))
    }

    /// Starts a pipeline; the events that follow belong to it.
    public func begin(_ pipeline: String) { state.withLock { $0.pipelines.append(pipeline) } }

    /// Records an event that happened just now.
    public func note(_ event: RunEvent) {
        state.withLock { state in
            let now = ContinuousClock.now
            switch event.event {
            case .stepStarted: state.open(event, at: now)
            case .progress:
                // A report covers the time since the step's previous report.
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

    /// Writes the chart as a page, atomically.
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

    /// Returns the subject of a detail, without its progress.
    private static func topic(_ detail: String) -> String { String(detail.prefix { $0 != ":" }) }
}

extension RunTimings.State {
    fileprivate mutating func open(_ event: RunEvent, at start: ContinuousClock.Instant) {
        let step = TimingsPage.Step(name: event.step, kind: event.kind, start: (start - began) / .seconds(1))
        steps.append((max(0, pipelines.count - 1), step, start))
    }

    /// Returns the event's step if it is running.
    fileprivate func openStep(_ event: RunEvent) -> Int? {
        let pipeline = max(0, pipelines.count - 1)
        return steps.lastIndex { $0.pipeline == pipeline && $0.step.name == event.step && $0.step.status.isEmpty }
    }
}
