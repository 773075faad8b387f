import BinaryIO
import Evaluation
import Inference
import Pipeline
import SystemPackage
import Work

/// Which model the command line measures, and how.
public struct PerplexityRequest: Sendable {
    /// The settings. Their text is not needed with base logits, which contain the text that they were made from.
    public var settings: ValidateSettings
    /// The GGUF file to measure.
    public var model: FilePath
    /// The distance between windows, in tokens; nil if they do not overlap.
    public var stride: Int?
    /// The number of threads.
    public var threads = 1
    /// The output file for the model's log-probabilities.
    public var saveLogits: FilePath?
    /// The log-probabilities of another model to compare with.
    public var baseLogits: FilePath?
    /// Another model to run beside this one and compare with.
    public var base: FilePath?

    /// Creates a request with one thread and no model to compare with.
    public init(_ settings: ValidateSettings, model: FilePath) { (self.settings, self.model) = (settings, model) }

    /// The text for the measurement; nil if none is given.
    var text: FilePath? { settings.text.isEmpty ? nil : FilePath(settings.text) }
}

extension Operations {
    /// Measures perplexity by llama-perplexity's method and, with a base, the divergence from it.
    /// - Throws: `Interruption.Stopped` with the results so far, if `progress` stops the work.
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
    /// The results of a run that stops here.
    fileprivate var summary: String {
        let figures = "perplexity \(perplexity.formatted(4)) ± \(standardError.formatted(4))"
        let divergence = meanDivergence.map { ", mean KL divergence \($0.formatted(6))" } ?? ""
        return "after \(chunk) of \(chunkCount) chunks: \(figures)\(divergence) so far."
    }
}
