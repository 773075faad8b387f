/// Something that happened in a run, as it happens.
public struct RunEvent: Codable, Sendable {
    /// What can happen.
    public enum Kind: String, Codable, Sendable {
        case stepStarted, progress, stepFinished
        /// Before the first step: how far the download of the model is, and what somebody should know of it.
        case download, remark
    }

    /// What happened.
    public var event: Kind
    /// The step's id.
    public var step: String
    /// The kind of the step, by the key that introduces it in a pipeline file.
    public var kind: String
    /// Of a step that finished.
    public var status: StepStatus?
    /// What is being worked on, or the remark.
    public var detail: String?
    /// How far the work is, in a unit of the step's own.
    public var done: Int?
    /// What `done` leads to; 0 where it is not known.
    public var total: Int?
    /// Of a step that finished.
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

/// Told what happens as it happens; throwing from it stops the run.
public typealias RunReporting = @Sendable (RunEvent) throws -> Void

/// How a step ended.
public enum StepStatus: String, Codable, Sendable {
    case done, cached, failed, skipped
}
