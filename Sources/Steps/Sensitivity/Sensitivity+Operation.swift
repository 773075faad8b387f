import Answers
import BinaryIO
import Evaluation
import Foundation
import GGUF
import Inference
import Pipeline
import Quantization
import Registry
import Settings
import SystemPackage
import Work

/// What the command line measures for each tensor.
public struct SensitivityRequest: Sendable {
    /// The GGUF file that the tensors are compared with.
    public var model: FilePath
    /// The text for the measurement.
    public var text: FilePath
    /// The type to which each tensor alone is quantized. Every tensor gets the type itself, without a mix.
    public var type = "q4_k_m"
    /// A build whose tensors are used instead, one at a time.
    public var build: FilePath?
    /// An importance matrix for quantizing each tensor; nil for none.
    public var importanceMatrix: FilePath?
    /// Regular expressions; a tensor is measured if one matches its name. Empty for all tensors.
    public var tensors: [String] = []
    /// The number of tokens per window.
    public var context = 512
    /// The largest number of windows; nil for the whole text.
    public var chunks: Int?
    /// The number of threads.
    public var threads = 1
    /// The output file for the heat map, an SVG image; nil for none.
    public var heatMap: FilePath?
    /// The registry in which the results are stored.
    public var registry: FilePath?

    /// Creates a request with one thread and type q4_k_m for each tensor.
    public init(model: FilePath, text: FilePath) {
        self.model = model
        self.text = text
    }
}

/// The cost of quantizing each tensor alone, with all conditions of the measurement.
public struct SensitivityReport: Codable, Sendable {
    /// The file's path as given.
    public var model: String
    /// The SHA-256 of the model's file.
    public var modelSha256: SHA256Digest
    /// The SHA-256 of the build whose tensors were used.
    public var buildSha256: SHA256Digest
    /// The SHA-256 of the text.
    public var textSha256: SHA256Digest
    /// The version of edgepipe.
    public var toolVersion: String
    /// The results.
    public var result: SensitivityResult
}

extension Operations {
    /// Measures the cost of quantizing each tensor alone.
    /// - Throws: `Interruption.Stopped` with the results so far, if `progress` stops the work.
    public static func sensitivity(
        _ request: SensitivityRequest,
        remark: @escaping @Sendable (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> SensitivityReport {
        let inputs = [request.model, request.text, request.build, request.importanceMatrix].compactMap { $0 }
        if let output = request.heatMap { try checkOutput(output, replacing: inputs) }
        let text = try readFile(request.text, limit: ValidateStep.textLimit)
        let base = try LanguageModel(path: request.model)
        let isWanted = try wanted(request.tensors)
        let report = try withBuild(request, remark, progress) { path in
            let build = try GGUFFile(path: path)
            let options = EvaluationOptions(
                context: request.context,
                chunks: request.chunks,
                threads: request.threads
            )
            let result = try EvaluationError.naming(request.text) {
                let run = try SensitivityRun(base, build: build, options, where: isWanted)
                return try run.measure(text: text) { try tell($0, progress) }
            }
            return SensitivityReport(
                model: request.model.string,
                modelSha256: try SHA256Digest(ofFile: request.model),
                buildSha256: try SHA256Digest(ofFile: path),
                textSha256: SHA256Digest(of: text),
                toolVersion: Edgepipe.version,
                result: result
            )
        }
        if let output = request.heatMap {
            let name = request.model.lastComponent?.string ?? "model"
            let svg = SensitivityHeatMap(report.result).svg(
                title: "KL divergence of each tensor of \(name), quantized alone"
            )
            try writeFile(svg.utf8, to: output)
        }
        if let path = request.registry { try store(report, in: path) }
        return report
    }

    /// Calls `body` with the given build, or with a temporary one that is removed afterwards.
    private static func withBuild<Value>(
        _ request: SensitivityRequest,
        _ remark: @escaping @Sendable (String) -> Void,
        _ progress: @escaping WorkProgress,
        _ body: (FilePath) throws -> Value
    ) throws -> Value {
        if let build = request.build { return try body(build) }
        let settings = try QuantizeSettings(options: [
            "types": .text(request.type), "pure": .flag(true),
            "imatrix": request.importanceMatrix.map { .text($0.string) },
        ])
        var quantization = QuantizeRequest(input: request.model.string, settings)
        quantization.measuresErrors = false
        let path = FilePath(NSTemporaryDirectory()).appending("edgepipe-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        _ = try quantize(quantization, to: path, threads: request.threads, remark: remark, progress: progress)
        return try body(path)
    }

    private static func tell(_ state: SensitivityProgress, _ progress: WorkProgress) throws {
        do {
            try progress(state.tensor, state.done, state.total)
        } catch is Interruption.Stopped {
            let worst = state.result?.tensors.max { $0.kld < $1.kld }
            let known = worst.map { "of \($0.name) \(SensitivityHeatMap.figure($0.kld)) nats is the most" }
            throw Interruption.Stopped(
                soFar: "after \(state.result?.chunks ?? 0) chunks: \(known ?? "no chunk was complete")."
            )
        }
    }

    /// Whether one of the patterns matches a tensor's name, or there are no patterns.
    /// - Throws: `StepsError.badRequest` for an invalid regular expression.
    static func wanted(_ patterns: [String]) throws -> (String) -> Bool {
        let patterns = try patterns.map { text in
            guard let pattern = try? Regex(text) else {
                throw StepsError.badRequest("\(setting: "tensor") '\(text)' is not a valid regular expression.")
            }
            return pattern
        }
        return { name in patterns.isEmpty || patterns.contains { name.firstMatch(of: $0) != nil } }
    }

    private static func store(_ report: SensitivityReport, in path: FilePath) throws {
        let types = Set(report.result.tensors.map(\.type)).sorted().joined(separator: ",")
        let payload = try JSONEncoder().encode(report.result)
        try RegistrySession.with(path, .changing) {
            try $0.registry.record(
                SensitivityRecord(
                    modelDigest: report.modelSha256,
                    buildDigest: report.buildSha256,
                    textDigest: report.textSha256,
                    types: types,
                    context: report.result.context,
                    chunks: report.result.chunks,
                    kernels: report.result.kernels,
                    toolVersion: report.toolVersion,
                    payload: String(decoding: payload, as: UTF8.self)
                )
            )
        }
    }

    /// Returns the stored results of a model, the latest first.
    /// - Parameter model: the GGUF file that was measured.
    public static func storedSensitivities(of model: FilePath, in registry: FilePath) throws -> [SensitivityReport] {
        let digest = try SHA256Digest(ofFile: model)
        return try RegistrySession.with(registry) { session in
            try session.registry.sensitivities(of: digest).filter { !$0.isOfLadder }.map { record in
                SensitivityReport(
                    model: model.string,
                    modelSha256: record.modelDigest,
                    buildSha256: record.buildDigest,
                    textSha256: record.textDigest,
                    toolVersion: record.toolVersion,
                    result: try JSONDecoder().decode(SensitivityResult.self, from: Data(record.payload.utf8))
                )
            }
        }
    }
}
