import BinaryIO
import Evaluation
import Inference
import Pipeline
import SystemPackage

/// A build, its model, and the text as tokenized for it.
struct ValidatedModel {
    let build: BuildFile
    let model: LanguageModel
    let node: StepNode
    let windows: TextWindows
    /// Whether it is compared with the base.
    let isCompared: Bool
}

/// The builds that a step measures, and the base that they are compared with.
struct ValidatedModels {
    let subjects: [ValidatedModel]
    /// The base; nil if no build is compared.
    let base: LanguageModel?

    /// Tokenizes the text once for all builds that are compared, and once for each other build.
    /// - Throws: `EvaluationError`, `InferenceError`.
    init(
        _ builds: [(build: BuildFile, model: LanguageModel, node: StepNode)],
        with base: BuildFile?,
        _ text: [UInt8],
        _ options: EvaluationOptions
    ) throws {
        let compared = builds.filter { base != nil && $0.build.digest != base?.digest }
        self.base = try compared.isEmpty ? nil : base.map { try LanguageModel(path: $0.path) }
        let common = try self.base.map { try KLDivergenceRun(compared.map(\.model), options).windows(of: text, $0) }
        subjects = try builds.map { build, model, node in
            let isCompared = compared.contains { $0.node.name == node.name }
            let shared = isCompared ? common : nil
            let windows = try shared ?? PerplexityRun(model, options).windows(of: text)
            return ValidatedModel(build: build, model: model, node: node, windows: windows, isCompared: isCompared)
        }
    }
}

extension ValidateStep {
    /// Called for each window of each build, with the progress of that build and the number of finished windows of all
    /// builds.
    typealias WindowProgress = (_ build: BuildFile, _ state: EvaluationProgress, _ done: Int, _ total: Int) throws ->
        Void

    /// The number of multiplications per stretch: about half a minute on two cores, which is the most that an
    /// interrupted run loses.
    private static let stretchWork = 1e13
    /// The least number of times that gates are checked, if measuring may stop early.
    private static let leastLooks = 8

    /// The largest number of stretches: a model that is larger than memory is read once for each.
    private static let mostStretches = 256

    /// Opens the models to measure.
    func models(
        _ builds: [BuildFile],
        _ models: [LanguageModel],
        _ nodes: [StepNode],
        with base: BuildFile?,
        _ context: StepContext
    ) throws -> ValidatedModels {
        let bytes = try readFile(text.path, limit: Self.textLimit)
        return try EvaluationError.naming(text.path) {
            let builds = builds.indices.map { (builds[$0], models[$0], nodes[$0]) }
            return try ValidatedModels(builds, with: base, bytes, options(context))
        }
    }

    /// Scores a piece of the text for some builds. Builds that are compared with the base share one pass of it.
    func scores(
        of piece: TextPiece,
        _ subjects: [ValidatedModel],
        with base: LanguageModel?,
        _ context: StepContext,
        progress: WindowProgress
    ) throws -> [ScoredPiece] {
        let options = options(context)
        let compared = subjects.indices.filter { subjects[$0].isCompared }
        var (scores, done) = ([Int: ScoredPiece](), 0)
        func note(_ index: Int, _ state: EvaluationProgress) throws {
            done += 1
            try progress(subjects[index].build, state, done, state.chunkCount * subjects.count)
        }
        try EvaluationError.naming(text.path) {
            if let base, let first = compared.first {
                let run = KLDivergenceRun(compared.map { subjects[$0].model }, options)
                let windows = subjects[first].windows
                let found = try run.scores(of: piece, in: windows, with: base) { try note(compared[$0], $1) }
                for (index, piece) in zip(compared, found) { scores[index] = piece }
            }
            for index in subjects.indices where scores[index] == nil {
                let run = PerplexityRun(subjects[index].model, options)
                scores[index] = try run.scores(of: piece, in: subjects[index].windows) { try note(index, $0) }
            }
        }
        return subjects.indices.compactMap { scores[$0] }
    }

    /// The number of stretches in which the text is scored; the same in every run, so that each finds the files of the
    /// previous one.
    var stretchCount: Int {
        let work = work(for: made, pieces: 1, threads: 1).amount
        let stretches = Int(min((work / Self.stretchWork).rounded(.up), Double(Self.mostStretches)))
        let wanted = max(stretches, settings.earlyStop == nil ? 1 : Self.leastLooks)
        return max(1, min(wanted, tokens / settings.context))
    }

    /// Returns the figures of each build on the text.
    ///
    /// The text is scored one stretch at a time. The scores of a stretch are files in the nodes' folders, so an
    /// interrupted run resumes after the last one. A build that certainly misses its gate is not scored further.
    func figures(of models: ValidatedModels, _ context: StepContext) throws -> [TextFigures] {
        let (subjects, count) = (models.subjects, stretchCount)
        var tallies = subjects.map { _ in PieceTally() }
        var ended: [Int: TextFigures] = [:]
        for number in 0..<count {
            let piece = TextPiece(number: number, count: count)
            let open = subjects.indices.filter { ended[$0] == nil }
            if open.isEmpty { break }
            let files = try subjects.map {
                try context.folder(for: $0.node).appending("\(number + 1)-of-\(count).scores")
            }
            var scores: [Int: ScoredPiece] = [:]
            for index in open { scores[index] = try? ScoredPiece(reading: files[index]) }
            let missing = open.filter { scores[$0] == nil }
            let found = try self.scores(of: piece, missing.map { subjects[$0] }, with: models.base, context) {
                let detail = Self.detail($0, $1)
                // Stretches may differ by one window, and the interval between checks should be constant.
                count == 1
                    ? try context.progress(detail, $2, $3)
                    : try context.progress(detail, 1000 * number + 1000 * $2 / $3, 1000 * count)
            }
            for (index, own) in zip(missing, found) {
                try own.write(to: files[index])
                scores[index] = own
            }
            try EvaluationError.naming(text.path) {
                for (index, own) in scores { try tallies[index].add(own) }
            }
            guard let early = settings.earlyStop, number + 1 < count else { continue }
            let errors = early.errors(looks: count - 1)
            for index in open {
                guard let gate = settings.gate(for: subjects[index].build.type), gate.decidesOnText else { continue }
                let figures = try TextFigures(tallies[index], isWhole: false)
                if try isCertain(subjects[index].build, toMiss: gate, figures, by: errors) { ended[index] = figures }
            }
        }
        return try tallies.indices.map { try ended[$0] ?? TextFigures(tallies[$0]) }
    }

    private func isCertain(
        _ build: BuildFile,
        toMiss gate: QualityGate,
        _ figures: TextFigures,
        by errors: Double
    ) throws -> Bool {
        let evaluated = EvaluatedBuild(build, of: self, figures, baseDigest: nil)
        return evaluated.isCertain(toMiss: gate, over: try reference(of: evaluated, gate), by: errors)
    }
}

/// The results of a build on a text, or on the beginning of it.
struct TextFigures {
    let perplexity: PerplexityResult
    /// The divergence; nil if the build was not compared.
    let divergence: KLDivergenceResult?
    /// Whether the whole text was scored.
    let isWhole: Bool

    /// - Throws: `EvaluationError`.
    init(_ tally: PieceTally, isWhole: Bool = true) throws {
        (perplexity, divergence) = try tally.figures(areAll: isWhole)
        self.isWhole = isWhole
    }

    /// - Parameter files: the scores of a text's pieces, in order.
    /// - Throws: `EvaluationError`, `FileError`.
    init(_ files: [FilePath]) throws {
        var tally = PieceTally()
        for file in files { try tally.add(try ScoredPiece(reading: file)) }
        try self.init(tally)
    }
}

extension EvaluatedBuild {
    /// - Parameters:
    ///   - accuracy: the accuracy on the tasks, if there are any.
    ///   - talk: the answers to questions, if any were asked.
    init(
        _ build: BuildFile,
        of step: ValidateStep,
        _ figures: TextFigures,
        baseDigest: SHA256Digest?,
        accuracy: AccuracyResult? = nil,
        talk: TalkResult? = nil
    ) {
        self.init(
            type: build.type,
            digest: build.digest,
            textDigest: step.text.digest,
            perplexity: figures.perplexity,
            divergence: figures.divergence,
            baseDigest: figures.divergence == nil ? nil : baseDigest,
            accuracy: accuracy,
            tasksDigest: step.tasks?.digest,
            talk: talk,
            embedding: nil,
            embeddingContext: nil,
            early: figures.isWhole ? nil : step.settings.earlyStop?.confidence
        )
    }
}
