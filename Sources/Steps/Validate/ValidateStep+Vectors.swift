import Architectures
import BinaryIO
import Evaluation
import Inference
import Pipeline
import SystemPackage

/// The measurement of embedding models: the similarity of their vectors to those of the source model.
extension ValidateStep {
    /// Whether the text consists of JSON strings.
    var isJSON: Bool { text.path.extension?.lowercased() == "jsonl" }

    /// Runs the base once over the texts, and each build once.
    /// - Throws: `EvaluationError` for too few texts, and for builds whose vectors cannot be compared with the base's.
    func compareVectors(
        of builds: [BuildFile],
        _ models: [LanguageModel],
        with base: BuildFile?,
        _ context: StepContext
    ) throws -> [StepProduct] {
        let bytes = try readFile(text.path, limit: Self.textLimit)
        guard let base else { throw EvaluationError.noBaseOfEmbeddings }
        let baseRun = run(of: try LanguageModel(path: base.path), context)
        let runs = models.map { run(of: $0, context) }
        for run in runs { try EmbeddingComparison.check(run, baseRun) }
        let texts = try EvaluationError.naming(text.path) {
            try TextCollection(
                bytes,
                isJSON: isJSON,
                for: baseRun,
                context: settings.context,
                count: settings.chunks
            )
        }
        let passes = 1 + builds.filter { $0.digest != base.digest }.count
        var done = 0
        func embed(_ run: EmbeddingRun, _ name: String) throws -> EmbeddedTexts {
            defer {
                done += 1
                run.model.releaseWeights()
            }
            return try EmbeddedTexts(run, texts.inputs) { text, count in
                try context.progress("\(name): embedding", done * count + text, passes * count)
            }
        }
        let reference = try embed(baseRun, base.type)
        return try zip(builds, runs).map { build, run in
            let own = build.digest == base.digest ? reference : try embed(run, build.type)
            let evaluated = EvaluatedBuild(
                type: build.type,
                digest: build.digest,
                textDigest: text.digest,
                perplexity: nil,
                divergence: nil,
                baseDigest: base.digest,
                accuracy: nil,
                tasksDigest: nil,
                talk: nil,
                embedding: EmbeddingComparison(of: own, with: reference),
                embeddingContext: settings.context
            )
            return try StepProduct(facts: evaluated, outputs: [build.type])
        }
    }

    /// Returns a run of the model. A reranker's file may not declare that it ranks.
    private func run(of model: LanguageModel, _ context: StepContext) -> EmbeddingRun {
        let pooling = settings.pooling ?? (model.shape.kind == .reranker ? .rank : nil)
        return EmbeddingRun(model, pooling: pooling, threads: context.threads)
    }
}
