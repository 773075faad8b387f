import BinaryIO
import DeviceFit
import Evaluation
import Foundation
import GGUF
import Inference
import Quantization
import Recipes
import SystemPackage
import Tensors
import Work

extension Operations {
    /// Makes the build of a model with the least loss within a number of bytes, and judges it against the best preset
    /// of that size.
    /// - Parameter remark: called with remarks during the work.
    /// - Throws: the errors of the modules below; then no file appears at `output`, and stored costs remain for the
    ///   next run.
    public static func bestBuild(
        _ request: RecipeRequest,
        to output: FilePath,
        remark: (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> RecipeReport {
        let texts = [request.costs.text] + request.otherTexts
        let inputs = [request.costs.model, request.costs.importanceMatrix].compactMap { $0 } + texts
        for file in [output, request.typeFile].compactMap({ $0 }) { try checkOutput(file, replacing: inputs) }
        let folder = request.folder ?? FilePath("\(output).costs")
        var options = try request.settings.withRules(in: nil).options(with: nil)
        options.importanceMatrix = nil
        let costed = try costedModel(
            request.costs,
            options,
            request.settings.feedback,
            in: folder,
            // The files that an earlier command left beside its output are of no use to another one.
            replacesOthers: request.folder == nil,
            remark: remark,
            progress: progress
        )
        let search = try RecipeSearch(costed, request, to: output, in: folder)
        defer { search.removeCandidates() }
        let report = try search.run(progress)
        if request.folder == nil { try? FileManager.default.removeItem(atPath: folder.string) }
        return report
    }
}

/// The search for one size: a choice by predicted costs, the build, its true divergence, and, if the two differ, costs
/// measured around the choice and a second choice.
private struct RecipeSearch {
    let costed: CostedModel
    let request: RecipeRequest
    let output: FilePath
    /// The folder of candidate builds.
    let folder: FilePath
    let target: RecipeTarget

    /// The largest relative error of a prediction before it is corrected.
    private static let tolerance = 0.15
    /// The largest number of tensors measured around a choice, and the share of the divergence that they must account
    /// for.
    private static let mostMeasured = 24
    private static let measuredPart = 0.8
    private static let measuredChunks = 2

    /// A finished build and its loss.
    private struct Candidate {
        let name: String
        let recipe: Recipe
        let path: FilePath
        let result: KLDivergenceResult
        var kld: Double { result.divergence.mean }
    }

    init(_ costed: CostedModel, _ request: RecipeRequest, to output: FilePath, in folder: FilePath) throws {
        (self.costed, self.request, self.output, self.folder) = (costed, request, output, folder)
        target = try RecipeTarget(request.goal, costed.tensors)
    }

    func run(_ progress: @escaping WorkProgress) throws -> RecipeReport {
        let first = try target.recipe(by: costed.tensors.table)
        try checkSpace(for: 3 * first.bytes, at: folder)
        var wanted = [("choice", first, try plan(first))]
        if let type = first.preset.flatMap({ FileType(name: $0.type) }) {
            // The preset as llama-quantize makes it.
            var options = costed.tensors.options
            options.rounding = .reference
            let plan = try QuantizationPlan(costed.tensors.source, as: type, options: options)
            wanted.append((Self.preset, try target.recipe(like: plan), plan))
        }
        // Both are made in one pass over the model, and judged in one.
        var candidates = try make(wanted, progress)
        let preset = candidates.first { $0.name == Self.preset }
        var rounds = 0
        if abs(first.predictedKld / candidates[0].kld - 1) > Self.tolerance {
            rounds = 1
            let table = costed.tensors.table.scaled(to: try costs(around: candidates[0], progress))
            let second = try target.recipe(by: table)
            if second.assignment != first.assignment {
                candidates += try make([("second choice", second, try plan(second))], progress)
            }
        }
        // A preset that turns out better is used unchanged, so the result is never worse than it.
        let chosen = candidates.min { $0.kld < $1.kld } ?? candidates[0]
        let report = try report(on: chosen, preset, rounds: rounds, progress)
        if let file = request.typeFile { try chosen.recipe.assignment.write(to: file) }
        try moveFile(chosen.path, to: output)
        return report
    }

    func removeCandidates() {
        for name in ["choice", "second choice", Self.preset] {
            try? FileManager.default.removeItem(atPath: place(name).string)
        }
    }

    private static let preset = "preset"

    private func place(_ name: String) -> FilePath { folder.appending("\(name.replacing(" ", with: "-")).gguf") }

    private func plan(_ recipe: Recipe) throws -> QuantizationPlan {
        try QuantizationPlan(
            costed.tensors.source,
            policy: recipe.policy(named: "recipe"),
            options: costed.tensors.options
        )
    }

    private func make(
        _ wanted: [(name: String, recipe: Recipe, plan: QuantizationPlan)],
        _ progress: @escaping WorkProgress
    ) throws -> [Candidate] {
        let (outcomes, kept) = try feedback(wanted.map(\.plan), progress)
        let outputs = zip(wanted, outcomes).map {
            Quantizer.Output(plan: $0.plan, path: place($0.name), prepared: $1.prepared)
        }
        let names = wanted.map(\.name).joined(separator: " and ")
        try Quantizer(source: costed.tensors.source, outputs: outputs).run(threads: request.costs.threads) {
            try progress("quantizing \(names)", $0, $1)
        }
        try kept?.remove()
        let results = try judge(outputs.map(\.path), costed.text.judged, costed.text.path, progress)
        return zip(wanted, results).map { wanted, result in
            Candidate(name: wanted.name, recipe: wanted.recipe, path: place(wanted.name), result: result)
        }
    }

    /// Rounds the tensors that use feedback.
    private func feedback(
        _ plans: [QuantizationPlan],
        _ progress: @escaping WorkProgress
    ) throws -> (outcomes: [FeedbackStage.Outcome], folder: FeedbackFolder?) {
        guard costed.tensors.options.rounding == .feedback else {
            return (plans.map { _ in FeedbackStage.Outcome() }, nil)
        }
        let stage = try FeedbackStage(
            request.settings.feedback,
            model: request.costs.model,
            source: costed.tensors.source,
            plans: plans
        )
        let (outcomes, kept) = try stage.run(
            costed.text.learned,
            of: costed.text.path,
            in: folder.appending("feedback"),
            threads: request.costs.threads,
            progress: progress
        )
        return (outcomes, kept)
    }

    private func judge(
        _ builds: [FilePath],
        _ text: [UInt8],
        _ path: FilePath,
        _ progress: @escaping WorkProgress
    ) throws -> [KLDivergenceResult] {
        let options = EvaluationOptions(
            context: request.costs.context,
            chunks: request.judgedChunks,
            threads: request.costs.threads
        )
        let run = KLDivergenceRun(try builds.map { try LanguageModel(path: $0) }, options)
        var done = 0
        return try EvaluationError.naming(path) {
            try run.compare(with: costed.model, text: text) { _, state in
                done += 1
                try progress(
                    "judging on \(path.lastComponent?.string ?? "text")",
                    done,
                    state.chunkCount * builds.count
                )
            }
        }
    }

    /// Measures, each alone, the tensors with most of the predicted divergence.
    private func costs(around candidate: Candidate, _ progress: @escaping WorkProgress) throws -> [MeasuredCost] {
        var (wanted, sum): (Set<String>, Double) = ([], 0)
        for tensor in candidate.recipe.tensors.sorted(by: { $0.kldShare > $1.kldShare }) {
            guard wanted.count < Self.mostMeasured, sum < Self.measuredPart * candidate.recipe.predictedKld else {
                break
            }
            wanted.insert(tensor.name)
            sum += tensor.kldShare
        }
        return try Operations.measuredCosts(
            costed.model,
            build: candidate.path,
            costed.text.learned,
            context: request.costs.context,
            chunks: Self.measuredChunks,
            threads: request.costs.threads,
            progress: progress,
            where: wanted.contains
        )
    }

    private func report(
        on chosen: Candidate,
        _ preset: Candidate?,
        rounds: Int,
        _ progress: @escaping WorkProgress
    ) throws -> RecipeReport {
        var texts = [
            RecipeReport.Measured(costed.text.path, costed.text.digest, chosen.result, preset?.result)
        ]
        for path in request.otherTexts {
            let bytes = try readFile(path, limit: ValidateStep.textLimit)
            let builds = [chosen.path] + (preset.map { [$0.path] } ?? [])
            let results = try judge(builds, bytes, path, progress)
            texts.append(RecipeReport.Measured(path, SHA256Digest(of: bytes), results[0], results.dropFirst().first))
        }
        var shown = preset?.recipe.preset ?? chosen.recipe.preset
        shown?.measuredKld = preset?.kld
        return RecipeReport(
            bytes: chosen.recipe.bytes,
            bitsPerWeight: chosen.recipe.bitsPerWeight,
            budget: target.budget,
            ladder: chosen.recipe.ladder,
            predictedKld: chosen.recipe.predictedKld,
            measuredKld: chosen.kld,
            base: chosen.recipe.base,
            preset: shown,
            texts: texts,
            rounds: rounds,
            millisecondsPerToken: chosen.recipe.millisecondsPerToken,
            remarks: remarks(chosen, preset, texts),
            tensors: chosen.recipe.tensors
        )
    }

    private func remarks(_ chosen: Candidate, _ preset: Candidate?, _ texts: [RecipeReport.Measured]) -> [String] {
        var remarks: [String] = []
        if let preset, preset.path == chosen.path {
            remarks.append(
                "No choice of types was better than the preset \(chosen.recipe.base): the file is that preset."
            )
        }
        for text in texts where text.isWithinError {
            remarks.append(
                "On \(text.text), the gain over the preset lies within the error of measurement. Judge on a longer text."
            )
        }
        if abs(chosen.recipe.predictedKld / chosen.kld - 1) > Self.tolerance {
            remarks.append(
                "The prediction of \(chosen.recipe.predictedKld.formatted(4)) nats is off by more than 15 %: the errors of tensors do "
                    + "not simply add up. Go by the measured divergence."
            )
        }
        return remarks
    }
}

extension RecipeReport.Measured {
    init(_ path: FilePath, _ digest: SHA256Digest, _ build: KLDivergenceResult, _ preset: KLDivergenceResult?) {
        (text, textSha256) = (path.string, digest)
        (kld, standardError) = (build.divergence.mean, build.divergence.standardError)
        perplexity = build.build.perplexity
        (presetKld, presetStandardError) = (preset?.divergence.mean, preset?.divergence.standardError)
        presetPerplexity = preset?.build.perplexity
    }

    /// Whether build and preset differ by less than twice the standard error of their difference.
    var isWithinError: Bool {
        guard let presetKld, let presetStandardError, presetKld != kld else { return false }
        let error = (standardError * standardError + presetStandardError * presetStandardError).squareRoot()
        return abs(presetKld - kld) < 2 * error
    }
}
