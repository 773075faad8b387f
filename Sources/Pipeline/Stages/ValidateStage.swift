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
        let models = try builds.map { try LanguageModel(path: $0.path) }
        let compared = builds.indices.filter { base != nil && builds[$0].digest != base?.digest }
        let divergences = try divergences(of: compared, models, bytes, context)
        return .evaluations(
            try builds.indices.map { index in
                let (build, divergence) = (builds[index], divergences[index])
                return EvaluatedBuild(
                    type: build.type,
                    digest: build.digest,
                    textDigest: textDigest,
                    perplexity: try divergence?.build ?? perplexity(of: build, models[index], bytes, context),
                    divergence: divergence,
                    baseDigest: divergence == nil ? nil : base?.digest,
                    accuracy: try accuracy(build, models[index], context),
                    tasksDigest: tasks?.digest
                )
            }
        )
    }

    private func settings(_ context: StageContext) -> EvaluationOptions {
        EvaluationOptions(context: options.context, chunks: options.chunks, threads: context.threads)
    }

    private func perplexity(
        of build: BuildFile,
        _ model: LanguageModel,
        _ bytes: [UInt8],
        _ context: StageContext
    ) throws -> PerplexityResult {
        try EvaluationError.naming(text) {
            try PerplexityRun(model, settings(context)).measure(text: bytes) { state in
                try context.progress(Self.detail(build, state), state.chunk, state.chunkCount)
            }
        }
    }

    /// The builds that are compared with the base, by index. The base runs once for all of them.
    private func divergences(
        of compared: [Int],
        _ models: [LanguageModel],
        _ bytes: [UInt8],
        _ context: StageContext
    ) throws -> [Int: KLDivergenceResult] {
        guard let base, !compared.isEmpty else { return [:] }
        let run = KLDivergenceRun(compared.map { models[$0] }, settings(context))
        var done = 0
        let results = try EvaluationError.naming(text) {
            try run.compare(with: try LanguageModel(path: base.path), text: bytes) { index, state in
                done += 1
                let detail = Self.detail(builds[compared[index]], state)
                try context.progress(detail, done, state.chunkCount * compared.count)
            }
        }
        return Dictionary(uniqueKeysWithValues: zip(compared, results))
    }

    private static func detail(_ build: BuildFile, _ state: EvaluationProgress) -> String {
        "\(build.type): perplexity \(state.perplexity.formatted(3))"
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
