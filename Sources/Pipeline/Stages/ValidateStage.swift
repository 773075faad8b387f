import BinaryIO
import Evaluation
import GGUF
import Inference
import SystemPackage
import Tensors

/// Perplexity and bits per byte of each build on a text, and how far each is from the model it was made from.
struct ValidateStage: Stage {
    /// Raised whenever the same builds would score otherwise.
    static let version = 1
    static let textLimit = 1 << 30

    let builds: [BuildFile]
    let base: BuildFile?
    let options: ValidateOptions
    let text: FilePath
    let textDigest: SHA256Digest

    var key: StepKey {
        var inputs = ["text": textDigest]
        for build in builds { inputs["build.\(build.type)"] = build.digest }
        if let base { inputs["against"] = base.digest }
        return StepKey(
            kind: .validate,
            version: Self.version,
            options: [
                "context": "\(options.context)", "chunks": options.chunks.map { "\($0)" } ?? "all", "cache": "f32",
            ],
            inputs: inputs
        )
    }

    func forecast(threads: Int) throws -> Forecast {
        let file = try GGUFFile(path: (base ?? builds[0]).path)
        let weights = file.tensors.reduce(0) { $0 + $1.shape.elementCount }
        let tokens = Throughput.tokens(of: text, context: options.context, chunks: options.chunks)
        // The base runs once for each build that is compared with it.
        let operations = 2 * Double(weights) * Double(tokens) * Double(builds.count) * (base == nil ? 1 : 2)
        var forecast = Forecast(
            outputs: builds.map { .init(name: $0.type, bytes: nil) },
            peakMemoryBytes: Throughput.fixedMemory + Throughput.evaluationMemory
        )
        forecast.setTime(work: operations / Double(threads), speed: Throughput.multiplying)
        return forecast
    }

    func run(_ context: StageContext) throws -> StepProduct {
        let bytes = try readFile(text, limit: Self.textLimit)
        let settings = EvaluationOptions(context: options.context, chunks: options.chunks, threads: context.threads)
        let baseModel = try base.map { try LanguageModel(path: $0.path) }
        return .evaluations(
            try builds.map { build in
                let model = try LanguageModel(path: build.path)
                func report(_ progress: EvaluationProgress) throws {
                    let detail = "\(build.type): perplexity \(progress.perplexity.formatted(3))"
                    try context.progress(detail, progress.chunk, progress.chunkCount)
                }
                guard let base, let baseModel, base.digest != build.digest else {
                    let result = try EvaluationError.naming(text) {
                        try PerplexityRun(model, settings).measure(text: bytes, progress: report)
                    }
                    return EvaluatedBuild(
                        type: build.type,
                        digest: build.digest,
                        textDigest: textDigest,
                        perplexity: result,
                        divergence: nil,
                        baseDigest: nil
                    )
                }
                let result = try EvaluationError.naming(text) {
                    try KLDivergenceRun(model, settings).compare(with: baseModel, text: bytes, progress: report)
                }
                return EvaluatedBuild(
                    type: build.type,
                    digest: build.digest,
                    textDigest: textDigest,
                    perplexity: result.build,
                    divergence: result,
                    baseDigest: base.digest
                )
            }
        )
    }
}
