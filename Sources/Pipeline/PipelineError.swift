import BinaryIO
import Settings

/// Why a pipeline cannot run, in addition to its steps' errors.
public enum PipelineError: Error, CustomStringConvertible, Sendable {
    case unknownStep(String, known: [String])
    case unknownModel(String, known: [String])
    case severalModels(known: [String])
    case notCached(step: String, wanted: String)
    /// The step needs more memory than the limit; both in bytes.
    case memoryLimit(step: String, needed: Int, limit: Int)
    /// A node's key differs from the requested one; `found` is nil if it has none.
    case otherKey(step: String, wanted: String, found: String?, version: String)
    case stepFailed(step: String, underlying: any Error)

    /// The error in words that end with what to do.
    public var description: String {
        switch self {
        case .unknownStep(let name, let known):
            "the pipeline has no step '\(name)'. \(Spelling.advice(for: name, among: known))"
        case .unknownModel(let name, let known):
            known.isEmpty
                ? "the pipeline file has one model without a name. Leave out \(setting: "model")."
                : "the pipeline file has no model '\(name)'. \(Spelling.advice(for: name, among: known))"
        case .severalModels(let known):
            "the pipeline file has several models: \(known.joined(separator: ", ")). Choose one with \(setting: "model")."
        case .notCached(let step, let wanted):
            "step '\(wanted)' needs step '\(step)', whose result is not cached. Run the pipeline without "
                + "\(setting: "only") and \(setting: "from") once."
        case .memoryLimit(let step, let needed, let limit):
            "step '\(step)' would take about \(needed >> 20) MiB of memory, over the limit of \(limit >> 20) MiB. Raise "
                + "\(setting: "memory"), or lower \(setting: "jobs")."
        case .otherKey(let step, let wanted, let found, let version):
            "step '\(step)' has the key \(found?.prefix(12) ?? "of no node") here and was asked for by \(wanted.prefix(12)): edgepipe "
                + "\(version), the pipeline file or one of its inputs differs from what the key was made of. Submit the pipeline "
                + "again, with the same edgepipe on all machines."
        case .stepFailed(let step, let underlying):
            "step '\(step)': \(Self.words(underlying))"
        }
    }

    /// Describes a step's error to the author of the pipeline file, so it names settings as that file does. Limits of
    /// the run itself are named in the terms of the command.
    private static func words(_ error: any Error) -> String {
        error is PipelineError ? "\(error)" : SettingStyle.name.within { "\(error)" }
    }
}

extension SettingsError {
    /// Extracts the mistakes in settings: the error itself, or a step's; nil for any other error.
    public init?(of error: any Error) {
        switch error {
        case let error as SettingsError: self = error
        case PipelineError.stepFailed(_, let underlying as SettingsError): self = underlying
        default: return nil
        }
    }
}
