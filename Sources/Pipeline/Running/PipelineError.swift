import BinaryIO
import DeviceFit
import Settings
import SystemPackage

/// Why a pipeline or a command cannot run, beyond what the rooms say.
public enum PipelineError: Error, CustomStringConvertible, Sendable {
    case unknownStep(String, known: [String])
    case notCached(step: String, wanted: String)
    case memoryLimit(step: String, needed: Int, limit: Int)
    case diskFull(FilePath, needed: Int, free: Int)
    case stepFailed(step: String, underlying: any Error)
    /// A request that cannot be met, in words that end with what to do.
    case badRequest(String)
    /// A file that was given and cannot be used, in words that name the place in it and end with what to do.
    case badFile(String)

    public var description: String {
        switch self {
        case .unknownStep(let name, let known):
            "the pipeline has no step '\(name)'. \(Spelling.advice(for: name, among: known))"
        case .notCached(let step, let wanted):
            "step '\(wanted)' needs step '\(step)', whose result is not cached. Run the pipeline without --only and "
                + "--from once."
        case .memoryLimit(let step, let needed, let limit):
            "step '\(step)' would take about \(needed >> 20) MiB of memory, over the limit of \(limit >> 20) MiB. Raise "
                + "--memory, or lower --jobs."
        case .diskFull(let path, let needed, let free):
            "\(path): this takes about \(ByteSize(bytes: needed)) and the disk has \(ByteSize(bytes: free)) free. Free "
                + "some space, or give a path on another disk."
        case .stepFailed(let step, let underlying):
            "step '\(step)': \(underlying)"
        case .badRequest(let words), .badFile(let words):
            words
        }
    }
}

extension SettingsError {
    /// The error itself, or what a step met.
    public init?(of error: any Error) {
        switch error {
        case let error as SettingsError: self = error
        case PipelineError.stepFailed(_, let underlying as SettingsError): self = underlying
        default: return nil
        }
    }
}
