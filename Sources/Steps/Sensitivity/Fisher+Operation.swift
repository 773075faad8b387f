import BinaryIO
import BlockFormats
import Evaluation
import GGUF
import Inference
import Pipeline
import Quantization
import Registry
import Settings
import SystemPackage
import Work

/// What the command line predicts for each tensor.
public struct FisherRequest: Sendable {
    /// The GGUF file whose tensors are assessed.
    public var model: FilePath
    /// The text to read.
    public var text: FilePath
    /// The output file for the factors; nil to keep none.
    public var output: FilePath?
    /// The type that each tensor alone would get. Every tensor gets the type itself, without a mix.
    public var type = "q4_k_m"
    /// Regular expressions; a tensor is assessed if one matches its name. Empty for all tensors.
    public var tensors: [String] = []
    /// The number of tokens per window.
    public var context = 512
    /// The largest number of windows; nil for the whole text.
    public var chunks: Int?
    /// The seed for sampling labels.
    public var seed: UInt64 = 0
    /// The number of threads.
    public var threads = 1
    /// The output file for the heat map, an SVG image; nil for none.
    public var heatMap: FilePath?

    /// Creates a request with one thread and type q4_k_m for each tensor.
    public init(model: FilePath, text: FilePath) {
        self.model = model
        self.text = text
    }
}

/// The predicted cost of quantizing each tensor alone, with all conditions of the prediction.
public struct FisherReport: Codable, Sendable {
    /// The file's path as given.
    public var model: String
    /// The SHA-256 of the model's file.
    public var modelSha256: SHA256Digest
    /// The SHA-256 of the text.
    public var textSha256: SHA256Digest
    /// The version of edgepipe.
    public var toolVersion: String
    /// The file of the factors.
    public var output: String?
    /// The number of windows that an earlier, interrupted run had read.
    public var resumedAfter: Int?
    /// The results.
    public var result: FisherPrediction
}

extension Operations {
    /// Collects Fisher factors, and predicts from them the cost of quantizing each tensor alone. An interrupted run
    /// resumes where it last saved, if it has an output.
    /// - Parameter remark: called with remarks about a successful run.
    public static func fisher(
        _ request: FisherRequest,
        remark: (String) -> Void = { _ in },
        progress: WorkProgress
    ) throws -> FisherReport {
        for output in [request.output, request.heatMap].compactMap({ $0 }) {
            try checkOutput(output, replacing: [request.model, request.text])
        }
        let text = try readFile(request.text, limit: ValidateStep.textLimit)
        let file = try GGUFFile(path: request.model)
        let model = try LanguageModel(file)
        // Invalid targets are reported before hours of work.
        let targets = try targets(request, file)
        let (factors, resumedAfter) = try collect(request, model, text, remark, progress)
        let known = Set(factors.tensors.map(\.name))
        let left = targets.filter { !known.contains($0.source.name) }
        if let first = left.first {
            let others = left.count == 1 ? "" : " and \(left.count - 1) more"
            remark("There are no factors for \(first.source.name)\(others), which no product uses. Measure the cost.")
        }
        let tensors = try targets.filter { known.contains($0.source.name) }.enumerated().map { index, planned in
            try progress(planned.source.name, index, targets.count)
            let kld = try factors.predictedDivergence(
                of: planned.source,
                in: file,
                as: planned.target.type,
                threads: request.threads
            )
            return FisherPrediction.Tensor(planned.source, as: planned.target, kld: kld)
        }
        let report = FisherReport(
            model: request.model.string,
            modelSha256: try SHA256Digest(ofFile: request.model),
            textSha256: SHA256Digest(of: text),
            toolVersion: Edgepipe.version,
            output: request.output?.string,
            resumedAfter: resumedAfter,
            result: FisherPrediction(factors, tensors)
        )
        if let output = request.heatMap {
            let name = request.model.lastComponent?.string ?? "model"
            let svg = SensitivityHeatMap(report.result).svg(
                title: "KL divergence predicted for each tensor of \(name), quantized alone"
            )
            try writeFile(svg.utf8, to: output)
        }
        return report
    }

    /// Collects factors, resuming an earlier run with the same output. The output itself is not written.
    /// - Parameter text: the part of the request's text to read.
    static func collect(
        _ request: FisherRequest,
        _ model: LanguageModel,
        _ text: [UInt8],
        _ remark: (String) -> Void,
        _ progress: WorkProgress
    ) throws -> (factors: FisherFactors, resumedAfter: Int?) {
        let options = FisherOptions(
            context: request.context,
            chunks: request.chunks,
            threads: request.threads,
            seed: request.seed
        )
        var saved = try request.output.map { try SavedFactors(of: request, text: text, output: $0) }
        let start = saved?.load()
        if let start, let saved {
            remark("Resuming after \(start.chunks) chunks that an earlier run left in \(saved.file.path).")
        }
        let factors = try EvaluationError.naming(request.text) {
            try FisherRun(model, options).collect(text: text, continuing: start) { state, factors in
                do {
                    try progress("Fisher factors", state.chunk, state.chunkCount)
                } catch is Interruption.Stopped where saved == nil {
                    throw Interruption.Stopped(
                        soFar: "after \(state.chunk) of \(state.chunkCount) chunks. "
                            + "With \(setting: "output") a run resumes."
                    )
                } catch {
                    try saved?.save(factors())
                    throw error
                }
                if state.chunk < state.chunkCount, saved?.file.isDue == true { try saved?.save(factors()) }
            }
        }
        if let output = request.output { try factors.write(to: output) }
        saved?.file.remove()
        return (factors, start?.chunks)
    }

    /// Returns the tensors that the type would change, as in a build without a mix.
    private static func targets(_ request: FisherRequest, _ file: GGUFFile) throws -> [PlannedTensor] {
        let settings = try QuantizeSettings(options: [
            "types": .text(request.type), "pure": .flag(true), "allow-requantize": .flag(true),
        ])
        guard case .mix(let type)? = settings.types.first else {
            throw StepsError.badRequest("\(setting: "type") takes a type of quantize.")
        }
        let isWanted = try wanted(request.tensors)
        let plan = try QuantizationPlan(try GGUFModel(file), as: type, options: settings.options(with: nil))
        let found = plan.tensors.filter { $0.isChanged && isWanted($0.source.name) }
        guard !found.isEmpty else { throw EvaluationError.nothingToCompare }
        return found
    }
}

/// The partial factors of a run, in a file beside the output: `OUTPUT.part`.
struct SavedFactors {
    private(set) var file: PartialResult

    init(of request: FisherRequest, text: [UInt8], output: FilePath) throws {
        file = try PartialResult(
            of: output,
            kind: "fisher",
            model: request.model,
            settings: [
                "\(SHA256Digest(of: text))", "\(request.context)", "\(request.chunks ?? 0)", "\(request.seed)",
                try Kernels.selected().rawValue,
            ]
        )
    }

    /// Reads the partial result of an earlier run of the same command; nil if there is none that can be used.
    func load() -> FisherFactors? { file.open().flatMap { try? FisherFactors($0) } }

    mutating func save(_ factors: FisherFactors) throws {
        try factors.write(to: file.path, note: file.note)
        file.wasSaved()
    }
}
