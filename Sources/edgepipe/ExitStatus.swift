import Answers
import Architectures
import BinaryIO
import BlockFormats
import Cluster
import Conversion
import DeviceFit
import Distribution
import Evaluation
import GGUF
import Inference
import ModelHub
import ObjectStorage
import Pipeline
import Quantization
import Registry
import Safetensors
import Server
import Settings
import Site
import Steps
import Tokenizers
import Work

/// The exit status of the program. The numbers are a contract with scripts.
public enum ExitStatus: Int32, CaseIterable, Sendable {
    case done = 0
    case failed = 1
    /// A quality or fit gate was not met.
    case gateNotMet = 2
    /// A pipeline, model or text cannot be used.
    case badInput = 3
    case nothingMatches = 4
    case registryDamaged = 5
    case wrongUsage = 64
    case interrupted = 130

    /// The meaning as one line for `--help`.
    public var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .gateNotMet: "a quality or fit gate was not met"
        case .badInput: "a bad input file (pipeline, model, text)"
        case .nothingMatches: "nothing matches the query"
        case .registryDamaged: "the registry is damaged"
        case .wrongUsage: "wrong usage"
        case .interrupted: "interrupted"
        }
    }

    /// Creates the status of an error of any module; nil for errors that no module throws.
    public init?(_ error: any Error) {
        switch error {
        case is Interruption.Stopped: self = .interrupted
        case let error as PipelineError: self = Self.status(of: error)
        case let error as AnswersError: self = Self.status(of: error)
        case let error as StepsError: self = Self.status(of: error)
        case let error as LockError: self = error.isBadInput ? .badInput : .failed
        case let error as RebuildError: self = Self.status(of: error)
        case is DistributionError: self = .badInput
        case let error as ClusterError: self = error.isBadRequest ? .wrongUsage : .failed
        case let error as CacheError: self = Self.status(of: error)
        case let error as SiteExportError: self = error.isBadRequest ? .wrongUsage : .failed
        case let error as ObjectStorageError: self = error.isBadInput ? .badInput : .failed
        case OutputError.replacesInput: self = .wrongUsage
        case is OutputError: self = .failed
        case is NothingFits: self = .nothingMatches
        case let error as ModelHubError: self = error.isBadInput ? .badInput : .failed
        case let error as RegistryError: self = error.isDamage ? .registryDamaged : .failed
        case is SettingsError, is GGUFError, is SafetensorsError, is ConversionError, is QuantizationError,
            is InferenceError, is EvaluationError, is ShapeError, is TokenizerError, is TextLineError:
            self = .badInput
        case is DeviceFitError, is UnknownKernels, is ServerStartError: self = .wrongUsage
        // A read error concerns the user's input; a write error concerns this machine.
        case let error as FileError: self = ["open", "map", "read"].contains(error.operation) ? .badInput : .failed
        default: return nil
        }
    }

    private static func status(of error: AnswersError) -> ExitStatus {
        switch error {
        case .badRequest: .wrongUsage
        case .badFile: .badInput
        }
    }

    private static func status(of error: StepsError) -> ExitStatus {
        switch error {
        case .badRequest: .wrongUsage
        case .badFile: .badInput
        }
    }

    private static func status(of error: RebuildError) -> ExitStatus {
        // An unreachable network is not a fault of the input.
        if case .away(_, _, let underlying) = error { return ExitStatus(underlying) ?? .badInput }
        return .badInput
    }

    private static func status(of error: CacheError) -> ExitStatus {
        switch error {
        case .unusable, .badServer, .noFolder: .wrongUsage
        case .vanished, .away, .otherBytes: .failed
        }
    }

    private static func status(of error: PipelineError) -> ExitStatus {
        switch error {
        case .stepFailed(_, let underlying): ExitStatus(underlying) ?? .failed
        case .unknownStep, .unknownModel, .severalModels: .wrongUsage
        case .notCached, .memoryLimit, .otherKey: .failed
        }
    }
}
