import BinaryIO
import Evaluation
import Inference
import Pipeline
import SystemPackage

/// A build, and its model.
struct ValidatedModel {
    let build: BuildFile
    let model: LanguageModel
    let node: StepNode
}

extension ValidateStep {
    /// Told of each window of each build: how far that build is, and how many windows of all builds are done.
    typealias WindowProgress = (_ build: BuildFile, _ state: EvaluationProgress, _ done: Int, _ total: Int) throws ->
        Void

    /// Multiplications of a stretch: some half a minute on two cores, which is what a run that ends loses at most.
    private static let stretchWork = 1e13
    /// How often gates are looked at, at least, where measuring may stop early.
    private static let leastLooks = 8

    /// Scores a piece of the text for some builds. Those that are compared with the base share one pass of it.
    func scores(
        of piece: TextPiece,
        _ subjects: [ValidatedModel],
        with base: BuildFile?,
        _ bytes: [UInt8],
        _ context: StepContext,
        progress: WindowProgress
    ) throws -> [ScoredPiece] {
        let options = options(context)
        let compared = subjects.indices.filter { base != nil && subjects[$0].build.digest != base?.digest }
        var (scores, done) = ([Int: ScoredPiece](), 0)
        func note(_ index: Int, _ state: EvaluationProgress) throws {
            done += 1
            try progress(subjects[index].build, state, done, state.chunkCount * subjects.count)
        }
        try EvaluationError.naming(text.path) {
            if let base, !compared.isEmpty {
                let run = KLDivergenceRun(compared.map { subjects[$0].model }, options)
                let model = try LanguageModel(path: base.path)
                let found = try run.scores(of: piece, with: model, text: bytes) { try note(compared[$0], $1) }
                for (index, piece) in zip(compared, found) { scores[index] = piece }
            }
            for index in subjects.indices where scores[index] == nil {
                let run = PerplexityRun(subjects[index].model, options)
                scores[index] = try run.scores(of: piece, text: bytes) { try note(index, $0) }
            }
        }
        return subjects.indices.compactMap { scores[$0] }
    }

    /// How many stretches the text is scored in; the same in every run, so that each finds what the one before it left.
    var stretchCount: Int {
        let tokens = Throughput.tokens(of: text.path, context: settings.context, chunks: settings.chunks)
        let work = work(for: made, pieces: 1, threads: 1).amount
        let stretches = min(Double(tokens), (work / Self.stretchWork).rounded(.up))
        let wanted = max(Int(stretches), settings.earlyStop == nil ? 1 : Self.leastLooks)
        return max(1, min(wanted, tokens / settings.context))
    }

    /// The figures of each build on the text.
    ///
    /// The text is scored a stretch at a time. The scores of a stretch are files in the nodes' folders, so a run that was interrupted
    /// resumes behind the last one. A build that certainly misses its gate is scored no further.
    func figures(
        of subjects: [ValidatedModel],
        with base: BuildFile?,
        _ bytes: [UInt8],
        _ context: StepContext
    ) throws -> [TextFigures] {
        let count = stretchCount
        var files = subjects.map { _ in [FilePath]() }
        var open = Array(subjects.indices)
        for number in 0..<count {
            let piece = TextPiece(number: number, count: count)
            var missing: [Int] = []
            for index in open {
                let folder = try context.folder(for: subjects[index].node)
                let file = folder.appending("\(number + 1)-of-\(count).scores")
                files[index].append(file)
                if (try? ScoredPiece(reading: file)) == nil { missing.append(index) }
            }
            let found = try scores(of: piece, missing.map { subjects[$0] }, with: base, bytes, context) {
                let detail = Self.detail($0, $1)
                // Stretches may differ by a window, and what leads to the end should not change on the way.
                count == 1
                    ? try context.progress(detail, $2, $3)
                    : try context.progress(detail, 1000 * number + 1000 * $2 / $3, 1000 * count)
            }
            for (index, scores) in zip(missing, found) { try scores.write(to: files[index][number]) }
            guard let early = settings.earlyStop, number + 1 < count else { continue }
            let errors = early.errors(looks: count - 1)
            open = try open.filter { index in
                let figures = try TextFigures(files[index], isWhole: false)
                return try !isCertain(toMissItsGate: subjects[index].build, figures, by: errors)
            }
            if open.isEmpty { break }
        }
        return try files.map { try TextFigures($0, isWhole: $0.count == count) }
    }

    private func isCertain(toMissItsGate build: BuildFile, _ figures: TextFigures, by errors: Double) throws -> Bool {
        guard let gate = settings.gate(for: build.type) else { return false }
        let evaluated = EvaluatedBuild(build, of: self, figures, baseDigest: nil)
        return evaluated.isCertain(toMiss: gate, over: try reference(of: evaluated, gate), by: errors)
    }
}

/// What a build gave on a text, or on the beginning of it.
struct TextFigures {
    let perplexity: PerplexityResult
    /// nil where the build was compared with nothing.
    let divergence: KLDivergenceResult?
    /// Whether all of the text was scored.
    let isWhole: Bool

    /// - Parameter files: the scores of its pieces, one after the other.
    /// - Throws: `EvaluationError`, `FileError`.
    init(_ files: [FilePath], isWhole: Bool = true) throws {
        let scores = try files.map { try ScoredPiece(reading: $0) }
        (perplexity, divergence) = try ScoredPiece.joined(scores, areAll: isWhole)
        self.isWhole = isWhole
    }
}

extension EvaluatedBuild {
    /// - Parameters:
    ///   - accuracy: on the tasks, where there are any.
    ///   - talk: how it answered questions, where any were asked.
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
