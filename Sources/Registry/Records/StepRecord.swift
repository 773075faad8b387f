import BinaryIO
import Foundation

/// A finished step of a pipeline, remembered under the digest of everything that decides its outcome.
public struct StepRecord: Codable, Hashable, Sendable {
    /// SHA-256 over the step's kind, inputs, options and implementation version.
    public var key: SHA256Digest
    public var stepKind: String
    public var implementationVersion: String
    /// What the step produced, as JSON that the pipeline interprets.
    public var outputs: String
    public var seconds: Double
    /// Kept to the millisecond.
    public var finishedAt: Date

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
    public enum Status: String, Codable, Sendable {
        case running, done, failed
    }

    /// Chosen by the caller and unique, such as a UUID; recording the same id again updates the run.
    public var id: String
    public var pipeline: String
    public var pipelineDigest: SHA256Digest
    public var toolVersion: String
    public var status: Status
    /// Kept to the millisecond.
    public var startedAt: Date
    /// Nil while the run lasts, and forever where its process was killed.
    public var finishedAt: Date?

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
