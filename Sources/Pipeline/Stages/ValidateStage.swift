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
    let tasks: Tasks?

    /// Multiple-choice tasks.
    struct Tasks {
        let path: FilePath
        let digest: SHA256Digest
    }

    var key: StepKey {
        var inputs = ["text": textDigest]
        for build in builds { inputs["build.\(build.type)"] = build.digest }
        if let base { inputs["against"] = base.digest }
        if let tasks { inputs["tasks"] = tasks.digest }
        return StepKey(
            kind: .validate,
            version: Self.version,
            options: [
                "context": "\(options.context)", "chunks": options.chunks.map { "\($0)" } ?? "all", "cache": "f32",
            ],
            inputs: inputs
        )
    }

    func run(_ context: StageContext) throws -> StepProduct {
        let bytes = try readFile(text, limit: Self.textLimit)
        let baseModel = try base.map { try LanguageModel(path: $0.path) }
        return .evaluations(
            try builds.map { build in
                let model = try LanguageModel(path: build.path)
                let isCompared = base.map { $0.digest != build.digest } ?? false
                let scores = try measure(build, model, isCompared ? baseModel : nil, bytes, context)
                return EvaluatedBuild(
                    type: build.type,
                    digest: build.digest,
                    textDigest: textDigest,
                    perplexity: scores.perplexity,
                    divergence: scores.divergence,
                    baseDigest: isCompared ? base?.digest : nil,
                    accuracy: try accuracy(build, model, context),
                    tasksDigest: tasks?.digest
                )
            }
        )
    }

    private func measure(
        _ build: BuildFile,
        _ model: LanguageModel,
        _ base: LanguageModel?,
        _ bytes: [UInt8],
        _ context: StageContext
    ) throws -> (perplexity: PerplexityResult, divergence: KLDivergenceResult?) {
        let settings = EvaluationOptions(context: options.context, chunks: options.chunks, threads: context.threads)
        func report(_ progress: EvaluationProgress) throws {
            let detail = "\(build.type): perplexity \(progress.perplexity.formatted(3))"
            try context.progress(detail, progress.chunk, progress.chunkCount)
        }
        return try EvaluationError.naming(text) {
            guard let base else {
                return (try PerplexityRun(model, settings).measure(text: bytes, progress: report), nil)
            }
            let result = try KLDivergenceRun(model, settings).compare(with: base, text: bytes, progress: report)
            return (result.build, result)
        }
    }

    private func accuracy(
        _ build: BuildFile,
        _ model: LanguageModel,
        _ context: StageContext
    ) throws -> AccuracyResult? {
        guard let path = tasks?.path else { return nil }
        let bytes = try readFile(path, limit: Self.textLimit)
        return try EvaluationError.naming(path) {
            let tasks = try MultipleChoiceTask.tasks(jsonLines: bytes)
            return try AccuracyRun(model, threads: context.threads).answer(tasks) { state in
                let detail = "\(build.type): accuracy \(state.result.accuracy.percent.formatted(1)) %"
                try context.progress(detail, state.result.tasks, state.taskCount)
            }.summary
        }
    }
}
