import Architectures
import BinaryIO
import Evaluation
import GGUF
import Inference
import Pipeline
import Registry
import SystemPackage
import Tensors

/// Measures perplexity and bits per byte of each build on a text, and its divergence from the source model; for
/// embedding models, the similarity of their vectors to that model's. There is one node per build; builds that are due
/// share one pass of the model that they are compared with.
struct ValidateStep: Step {
    /// Increased whenever the same builds would score differently.
    static let version = 1
    /// The largest text or file of tasks, in bytes.
    static let textLimit = 1 << 30
    /// The number of tokens that a forecast assumes per question.
    private static let questionTokens = 64

    /// An input file.
    struct Source {
        let path: FilePath
        let digest: SHA256Digest
    }

    let id: String
    let settings: ValidateSettings
    /// The builds to measure.
    let made: [PlannedBuild]
    /// The kind of the model's output; nil if its headers do not contain it.
    let modelKind: ModelKind?
    let memory: StepMemory
    /// The step whose model the builds are compared with.
    let base: ConvertStep?
    let text: Source
    /// Multiple-choice tasks.
    let tasks: Source?
    /// Questions for a chat model; nil if none are asked, or the usual ones.
    let questions: Source?
    /// The published versions that gates compare with.
    let references: [ChannelReference]

    let kind = ValidateSettings.kind
    var needs: [String] { pieces.isEmpty ? settings.needs : [settings.builds] + pieces.map(\.id) }
    var nodes: [StepNode] { made.map(node) }

    /// The pieces into which the windows are divided; empty if they are measured at once.
    var pieces: [ValidatePieceStep] {
        guard settings.pieces > 1 else { return [] }
        return (0..<settings.pieces).map {
            ValidatePieceStep(whole: self, piece: TextPiece(number: $0, count: settings.pieces))
        }
    }

    private func node(_ build: PlannedBuild) -> StepNode {
        var inputs = ["build": build.node.asInput, "text": .file(text.digest)]
        if pieces.isEmpty, let base { inputs["against"] = base.node.asInput }
        for piece in pieces { inputs["piece.\(piece.piece.number + 1)"] = piece.node(build).asInput }
        if let tasks { inputs["tasks"] = .file(tasks.digest) }
        var entries = [
            "type": build.type, "context": "\(settings.context)",
            "chunks": settings.chunks.map { "\($0)" } ?? "all", "cache": "f32",
        ]
        if let modelKind, modelKind != .language {
            entries["measures"] = "vectors"
            entries["pooling"] = settings.pooling?.name ?? "own"
            entries["lines"] = isJSON ? "json" : "plain"
        }
        // The gate decides which part of the text is skipped, and nothing else.
        if let early = settings.earlyStop, let gate = settings.gate(for: build.type)?.ofText, gate.decidesOnText {
            entries["early-stop"] = "\(early.confidence) \(gate)"
        }
        if settings.questions != nil {
            entries["answers"] = "\(settings.answerTokens)"
            entries["form"] = settings.chatForm.map { $0.text(asking: ChatForm.place) } ?? "own"
            inputs["questions"] = questions.map { .file($0.digest) }
        }
        let key = StepKey(kind: kind, version: Self.version, settings: entries, inputs: inputs)
        return StepNode(StepNode.Name(step: id, build: build.type), key)
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        let builds = made.of(nodes)
        let runsModels = settings.pieces == 1 || tasks != nil || settings.questions != nil
        return Forecast(
            outputs: builds.map { Forecast.Output(name: $0.type, bytes: nil) },
            peakMemoryBytes: runsModels ? peakMemory(builds, threads) : memory.planning,
            work: settings.pieces == 1 ? work(for: builds, pieces: 1, threads: threads) : nil
        )
    }

    /// Returns the peak memory, in bytes, of measuring builds, of which no two run at the same time.
    func peakMemory(_ builds: [PlannedBuild], _ threads: Int, pieces: Int = 1) -> Int {
        let windows = max(1, tokens / max(1, settings.context))
        let parts = max(pieces, settings.pieces == 1 ? stretchCount : 1)
        let models = builds.count + (base == nil ? 0 : 1)
        let talk = memory.evaluating(
            models: models,
            SessionOptions(context: settings.answerTokens + Self.questionTokens, threads: threads),
            windows: 0,
            scores: 0,
            logits: 1,
            textBytes: 0
        )
        let reading = memory.evaluating(
            models: models,
            SessionOptions(context: settings.context, threads: threads, readsWholeTexts: true),
            windows: (windows + parts - 1) / parts,
            scores: builds.count * (windows / pieces + (windows + parts - 1) / parts),
            logits: modelKind == .language ? settings.context / 2 : 0,
            compares: base != nil && modelKind == .language,
            textBytes: FileStatus(text.path)?.byteCount ?? 0
        )
        return settings.questions == nil ? reading : max(reading, talk)
    }

    /// The approximate number of tokens read from the text.
    var tokens: Int { Throughput.tokens(of: text.path, context: settings.context, chunks: settings.chunks) }

    /// Returns the work of running builds on one of several pieces of the text.
    func work(for builds: [PlannedBuild], pieces: Int, threads: Int) -> Forecast.Work {
        // The base runs once for all builds that are compared with it.
        let weights = builds.reduce(base?.work.tensors.elementCount ?? 0) { $0 + $1.weights }
        return Throughput.evaluation(weights: weights, tokens: (tokens + pieces - 1) / pieces, threads: threads)
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        guard settings.pieces == 1 else { return try join(nodes, context) }
        let builds = try made.of(nodes).map { try context.build($0.node) }
        let base = try base.map { try context.build($0.node) }
        let models = try builds.map { try LanguageModel(path: $0.path) }
        if let kind = models.first?.shape.kind, kind != .language {
            if let obstacle = settings.obstacle(for: kind) { throw StepsError.badFile(obstacle) }
            return try compareVectors(of: builds, models, with: base, context)
        }
        let opened = try self.models(builds, models, nodes, with: base, context)
        return try zip(opened.subjects, try figures(of: opened, context)).map { subject, figures in
            // A build that already failed is not asked questions.
            let model = figures.isWhole ? subject.model : nil
            return try product(subject.build, figures, baseDigest: base?.digest, model, context)
        }
    }

    /// Joins the results of the text's pieces; the model itself runs only for tasks and questions.
    private func join(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        try made.of(nodes).map { planned in
            let build = try context.build(planned.node)
            let products = pieces.map { context.product(of: $0.node(planned).name) }
            let figures = try EvaluationError.naming(text.path) {
                try TextFigures(products.flatMap(\.files).map(\.path))
            }
            let facts = try products.first.map { try $0.facts(ValidatePieceStep.Facts.self) }
            let runsModel = tasks != nil || settings.questions != nil
            let model = runsModel ? try LanguageModel(path: build.path) : nil
            return try product(build, figures, baseDigest: facts?.baseDigest, model, context)
        }
    }

    /// - Parameter model: nil if it is not asked anything.
    private func product(
        _ build: BuildFile,
        _ figures: TextFigures,
        baseDigest: SHA256Digest?,
        _ model: LanguageModel?,
        _ context: StepContext
    ) throws -> StepProduct {
        let evaluated = EvaluatedBuild(
            build,
            of: self,
            figures,
            baseDigest: baseDigest,
            accuracy: try model.flatMap { try accuracy(build, $0, context) },
            talk: try model.flatMap { try talk(build, $0, context) }
        )
        return try StepProduct(facts: evaluated, outputs: [build.type])
    }

    func problems(with product: StepProduct) throws -> [String] {
        let build: EvaluatedBuild = try product.facts()
        guard let gate = settings.gate(for: build.type) else { return [] }
        return build.failures(of: gate, over: try reference(of: build, gate)).map { "\(build.type): \($0)" }
    }

    /// Returns the published build that a gate compares with, if it was measured on the same text.
    func reference(of build: EvaluatedBuild, _ gate: QualityGate) throws -> (name: String, bitsPerByte: Double)? {
        guard let reference = references.first(where: { $0.channel == gate.over }),
            let name = reference.name(of: build.type),
            let value = try reference.value(
                of: Metric.bitsPerByte,
                of: build.type,
                text: build.textDigest,
                context: settings.context
            )
        else { return nil }
        return (name, value)
    }

    func options(_ context: StepContext) -> EvaluationOptions {
        EvaluationOptions(context: settings.context, chunks: settings.chunks, threads: context.threads)
    }

    static func detail(_ build: BuildFile, _ state: EvaluationProgress) -> String {
        "\(build.type): perplexity \(state.perplexity.formatted(3))"
    }

    private func accuracy(
        _ build: BuildFile,
        _ model: LanguageModel,
        _ context: StepContext
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

    /// Measures the build's answers to questions, if any are asked.
    private func talk(_ build: BuildFile, _ model: LanguageModel, _ context: StepContext) throws -> TalkResult? {
        guard settings.questions != nil else { return nil }
        let asked = try questions.map { source in
            try EvaluationError.naming(source.path) {
                try TalkRun.questions(try readFile(source.path, limit: Self.textLimit))
            }
        }
        let questions = asked ?? TalkRun.usualQuestions
        let run = try TalkRun(model, form: settings.chatForm, limit: settings.answerTokens, threads: context.threads)
        return try run.ask(questions) { done in
            try context.progress("\(build.type): answering questions", done, questions.count)
        }
    }
}
