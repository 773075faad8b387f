import BinaryIO
import Evaluation
import Inference
import Pipeline
import SystemPackage
import Work

/// Which model to measure on the command line, and how.
public struct PerplexityRequest: Sendable {
    /// Its text is not needed with base logits, which hold the text they were made of.
    public var settings: ValidateSettings
    /// The GGUF file that is measured.
    public var model: FilePath
    /// Distance between windows, in tokens; nil where they do not overlap.
    public var stride: Int?
    /// How many work at a time.
    public var threads = 1
    /// Where to write the model's log-probabilities.
    public var saveLogits: FilePath?
    /// The log-probabilities of another model, to compare with.
    public var baseLogits: FilePath?
    /// Another model to run beside this one, to compare with.
    public var base: FilePath?

    /// With one thread, and no model to compare with.
    public init(_ settings: ValidateSettings, model: FilePath) { (self.settings, self.model) = (settings, model) }

    /// The text to measure on; nil where none is given.
    var text: FilePath? { settings.text.isEmpty ? nil : FilePath(settings.text) }
}

extension Operations {
    /// Perplexity by llama-perplexity's method and, with a base, how far the model is from it.
    /// - Throws: `Interruption.Stopped` with what was known so far, when `progress` stops the work.
    public static func perplexity(
        _ request: PerplexityRequest,
        progress: @escaping WorkProgress
    ) throws -> PerplexityReport {
        let inputs = [request.model, request.text, request.base].compactMap { $0 }
        if let output = request.saveLogits { try checkOutput(output, replacing: inputs) }
        let model = try LanguageModel(path: request.model)
        let options = EvaluationOptions(
            context: request.settings.context,
            chunks: request.settings.chunks,
            stride: request.stride,
            threads: request.threads
        )
        func report(_ state: EvaluationProgress) throws {
            do {
                try progress("perplexity \(state.perplexity.formatted(3))", state.chunk, state.chunkCount)
            } catch is Interruption.Stopped {
                throw Interruption.Stopped(soFar: state.summary)
            }
        }
        if let base = request.baseLogits {
            let result = try KLDivergenceRun(model, options).compare(
                with: try BaseLogits(path: base),
                progress: report
            )
            return PerplexityReport(result.build, result)
        }
        guard let path = request.text else { throw StepsError.badRequest("Give the text to measure on.") }
        let text = try readFile(path, limit: ValidateStep.textLimit)
        if let base = request.base {
            let baseModel = try LanguageModel(path: base)
            let result = try EvaluationError.naming(path) {
                try KLDivergenceRun(model, options).compare(with: baseModel, text: text, progress: report)
            }
            return PerplexityReport(result.build, result)
        }
        let writer = request.saveLogits.map { path in
            { (windows: TextWindows) in
                try BaseLogitsWriter(path: path, windows: windows, vocabularySize: model.vocabularySize)
            }
        }
        return PerplexityReport(
            try EvaluationError.naming(path) {
                try PerplexityRun(model, options).measure(text: text, progress: report, saving: writer)
            }
        )
    }
}

extension EvaluationProgress {
    /// What a run that is stopped here can tell.
    fileprivate var summary: String {
        let figures = "perplexity \(perplexity.formatted(4)) ± \(standardError.formatted(4))"
        let divergence = meanDivergence.map { ", mean KL divergence \($0.formatted(6))" } ?? ""
        return "after \(chunk) of \(chunkCount) chunks: \(figures)\(divergence) so far."
    }
}
