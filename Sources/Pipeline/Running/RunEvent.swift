/// An event of a run, reported as it happens.
public struct RunEvent: Codable, Sendable {
    /// The kind of event.
    public enum Kind: String, Codable, Sendable {
        case stepStarted, progress, stepFinished
        /// Before the first step: the progress of the model's download, and remarks for the user.
        case download, remark
    }

    /// The kind of event.
    public var event: Kind
    /// The step's id.
    public var step: String
    /// The kind of the step, by the key that introduces it in a pipeline file.
    public var kind: String
    /// The status of a finished step.
    public var status: StepStatus?
    /// The current work, or the remark.
    public var detail: String?
    /// The progress of the work, in a unit of the step's own.
    public var done: Int?
    /// The final value of `done`; 0 if it is not known.
    public var total: Int?
    /// The time of a finished step.
    public var seconds: Double?

    package init(
        event: Kind,
        step: String,
        kind: String,
        status: StepStatus? = nil,
        detail: String? = nil,
        done: Int? = nil,
        total: Int? = nil,
        seconds: Double? = nil
    ) {
        (self.event, self.step, self.kind, self.status) = (event, step, kind, status)
        (self.detail, self.done, self.total, self.seconds) = (detail, done, total, seconds)
    }
}

/// Called with events as they happen; throwing from it stops the run.
public typealias RunReporting = @Sendable (RunEvent) throws -> Void

/// How a step ended.
public enum StepStatus: String, Codable, Sendable {
    case done, cached, failed, skipped
}
