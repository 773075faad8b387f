import Answers

/// Something that happened in a run, as it happens.
public struct RunEvent: Codable, Sendable {
    public enum Kind: String, Codable, Sendable {
        case stepStarted, progress, stepFinished
        /// Before the first step: how far the download of the model is, and what somebody should know of it.
        case download, remark
    }

    public var event: Kind
    public var step: String
    public var kind: StepKind
    public var status: StepStatus?
    /// What is being worked on, or the remark.
    public var detail: String?
    public var done: Int?
    public var total: Int?
    public var seconds: Double?
}

/// How a step ended.
public enum StepStatus: String, Codable, Sendable {
    case done, cached, failed, skipped
}

/// What a run did.
public struct RunReport: Encodable, Sendable {
    public struct Step: Codable, Sendable {
        public var step: String
        public var status: StepStatus
        public var seconds: Double
        public var outputs: [String]
        /// Gates that were not met.
        public var problems: [String]?
        /// How each quantization came out.
        public var quantizations: [Quantization]?
    }

    /// One quantized build: its size a weight, the types that tensors could not have, and what they lost.
    public struct Quantization: Codable, Sendable {
        public var type: String
        public var bitsPerWeight: Double
        public var relativeError: Double?
        public var fallbacks: [BuildFile.Fallback]
        public var errors: [BuildFile.TensorError]?
    }

    public var pipeline: String
    public var steps: [Step]
    public var builds: [BuildSummary]

    public var gateFailures: [String] { steps.flatMap { $0.problems ?? [] } }
}
