import BinaryIO
import Foundation

/// A finished step of a pipeline, cached under the digest of everything that decides its outcome.
public struct StepRecord: Codable, Hashable, Sendable {
    /// SHA-256 over the step's kind, inputs, options and implementation version.
    public var key: SHA256Digest
    /// The kind of step, such as `quantize`.
    public var stepKind: String
    /// The implementation's version, raised whenever the same inputs would give other outputs.
    public var implementationVersion: String
    /// The step's outputs, as JSON that the pipeline interprets.
    public var outputs: String
    /// The step's duration, in seconds.
    public var seconds: Double
    /// When the step finished, to the millisecond.
    public var finishedAt: Date

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        key: SHA256Digest,
        stepKind: String,
        implementationVersion: String,
        outputs: String,
        seconds: Double,
        finishedAt: Date
    ) {
        self.key = key
        self.stepKind = stepKind
        self.implementationVersion = implementationVersion
        self.outputs = outputs
        self.seconds = seconds
        self.finishedAt = finishedAt
    }
}

/// One run of a pipeline file.
public struct RunRecord: Codable, Hashable, Sendable, Identifiable {
    /// The state of a run.
    public enum Status: String, Codable, Sendable {
        case running, done, failed
    }

    /// Chosen by the caller and unique, such as a UUID; recording the same id again updates the run.
    public var id: String
    /// The pipeline's name.
    public var pipeline: String
    /// SHA-256 of the pipeline's definition.
    public var pipelineDigest: SHA256Digest
    /// The version of edgepipe that runs it.
    public var toolVersion: String
    /// The state when the run was last recorded.
    public var status: Status
    /// When the run started, to the millisecond.
    public var startedAt: Date
    /// When the run finished; nil while it lasts, or forever if its process was killed.
    public var finishedAt: Date?

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        id: String,
        pipeline: String,
        pipelineDigest: SHA256Digest,
        toolVersion: String,
        status: Status,
        startedAt: Date,
        finishedAt: Date? = nil
    ) {
        self.id = id
        self.pipeline = pipeline
        self.pipelineDigest = pipelineDigest
        self.toolVersion = toolVersion
        self.status = status
        self.startedAt = startedAt
        self.finishedAt = finishedAt
    }
}
