import BinaryIO
import Briefs
import Evaluation
import Foundation
import GGUF
import Inference
import Quantization
import Recipes
import Settings
import SystemPackage
import Work

/// The sizes of a model to compare.
public struct FrontierRequest: Sendable {
    /// The request for the costs of its tensors.
    public var costs: CostRequest
    /// The bits per weight, from the smallest size to the largest.
    public var bits: ClosedRange<Double>
    /// The number of sizes, evenly spaced.
    public var steps = 7
    /// The folder in which costs are kept; nil to keep none.
    public var folder: FilePath?
    /// The number of windows on which builds are judged; nil for all of the text.
    public var judgedChunks: Int? = 8
    /// The output file of the page that shows the curve.
    public var page: FilePath?

    /// Creates a request for seven sizes.
    public init(_ costs: CostRequest, bits: ClosedRange<Double>) { (self.costs, self.bits) = (costs, bits) }
}

/// The quality losses of builds of one model at several sizes.
public struct FrontierReport: Codable, Sendable {
    /// One measured build.
    public struct Point: Codable, Sendable {
        /// The name: "q4_k_m", or "3.50 bits".
        public var name: String
        /// The kind: `preset` or `recipe`.
        public var kind: String
        /// The size of the file, in bytes.
        public var bytes: Int
        /// The average over all weights.
        public var bitsPerWeight: Double
        /// The divergence predicted from the costs of single tensors.
        public var predictedKld: Double
        /// The mean divergence, in nats per token.
        public var kld: Double
        /// The standard error of the mean.
        public var standardError: Double
        /// The perplexity of the build.
        public var perplexity: Double
    }

    /// The file's path as given.
    public var model: String
    /// The path of the text, on whose last quarter builds were judged.
    public var text: String
    /// The types that recipes chose from.
    public var ladder: String
    /// The points by size.
    public var points: [Point]
}

extension Operations {
    /// Builds a model at several sizes with one set of costs, and the presets between them; measures the loss of each.
    public static func frontier(
        _ request: FrontierRequest,
        remark: (String) -> Void = { _ in },
        progress: @escaping WorkProgress
    ) throws -> FrontierReport {
        if let page = request.page { try checkOutput(page, replacing: [request.costs.model, request.costs.text]) }
        let place = request.folder ?? FilePath(NSTemporaryDirectory()).appending("edgepipe-\(UUID().uuidString)")
        defer { if request.folder == nil { try? FileManager.default.removeItem(atPath: place.string) } }
        let options = try QuantizeSettings(options: ["types": .text("q8_0")]).options(with: nil)
        let costed = try costedModel(request.costs, options, in: place, remark: remark, progress: progress)
        let builds = try FrontierBuilds(costed, request, remark)
        let report = FrontierReport(
            model: request.costs.model.string,
            text: request.costs.text.string,
            ladder: request.costs.ladder.description,
            points: try builds.measure(in: place, progress)
        )
        if let page = request.page {
            let name = request.costs.model.lastComponent?.string ?? "model"
            let shown = FrontierPage(
                model: name,
                text: "the last quarter of \(request.costs.text.lastComponent?.string ?? "the text")",
                points: report.points.map(FrontierPage.Point.init)
            )
            try writeFile(shown.html.utf8, to: page)
        }
        return report
    }
}

/// The builds whose divergences form the curve.
private struct FrontierBuilds {
    private let costed: CostedModel
    private let request: FrontierRequest
    private let builds: [(name: String, kind: String, recipe: Recipe, plan: QuantizationPlan)]

    init(_ costed: CostedModel, _ request: FrontierRequest, _ remark: (String) -> Void) throws {
        (self.costed, self.request) = (costed, request)
        let finder = try costed.tensors.finder()
        let limits = (request.bits.lowerBound, request.bits.upperBound)
        var builds: [(name: String, kind: String, recipe: Recipe, plan: QuantizationPlan)] = []
        for step in 0..<request.steps {
            let share = request.steps > 1 ? Double(step) / Double(request.steps - 1) : 0
            let bits = limits.0 + share * (limits.1 - limits.0)
            let bytes = finder.byteCount(of: .bitsPerWeight(bits))
            guard bytes >= finder.fewestBytes, bytes <= finder.mostBytes else {
                remark(
                    "\(bits.formatted(2)) bits a weight are left out: builds have \(finder.fewestBytes) to "
                        + "\(finder.mostBytes) bytes."
                )
                continue
            }
            let recipe = try finder.recipe(within: bytes)
            if builds.contains(where: { $0.recipe.assignment == recipe.assignment }) { continue }
            let plan = try QuantizationPlan(
                costed.tensors.source,
                policy: recipe.policy(named: "recipe"),
                options: costed.tensors.options
            )
            builds.append(("\(bits.formatted(2)) bits", "recipe", recipe, plan))
        }
        for preset in finder.presetSizes {
            let plan = try QuantizationPlan(costed.tensors.source, as: preset.type, options: costed.tensors.options)
            guard request.bits.contains(plan.bitsPerWeight) else { continue }
            builds.append((preset.type.tag, "preset", try finder.recipe(of: plan), plan))
        }
        guard !builds.isEmpty else {
            throw StepsError.badRequest(
                "No build lies between \(limits.0) and \(limits.1) bits a weight. Give a wider range with "
                    + "\(setting: "from") and \(setting: "to")."
            )
        }
        self.builds = builds
    }

    /// Makes all builds in one pass over the model, and judges them in one run of it.
    func measure(in folder: FilePath, _ progress: @escaping WorkProgress) throws -> [FrontierReport.Point] {
        let threads = request.costs.threads
        let paths = builds.indices.map { folder.appending("frontier-\($0).gguf") }
        defer { for path in paths { try? FileManager.default.removeItem(atPath: path.string) } }
        try checkSpace(for: builds.reduce(0) { $0 + $1.plan.byteCount }, at: paths[0])
        let outputs = zip(builds, paths).map { Quantizer.Output(plan: $0.plan, path: $1) }
        try Quantizer(source: costed.tensors.source, outputs: outputs).run(threads: threads) {
            try progress("quantizing \(outputs.count) builds", $0, $1)
        }
        let options = EvaluationOptions(
            context: request.costs.context,
            chunks: request.judgedChunks,
            threads: threads
        )
        let run = KLDivergenceRun(try paths.map { try LanguageModel(path: $0) }, options)
        var done = 0
        let results = try EvaluationError.naming(costed.text.path) {
            try run.compare(with: costed.model, text: costed.text.judged) { build, state in
                done += 1
                try progress("judging \(builds[build].name)", done, state.chunkCount * builds.count)
            }
        }
        return zip(builds, results).map { build, result in
            FrontierReport.Point(
                name: build.name,
                kind: build.kind,
                bytes: build.plan.byteCount,
                bitsPerWeight: build.plan.bitsPerWeight,
                predictedKld: build.recipe.predictedKld,
                kld: result.divergence.mean,
                standardError: result.divergence.standardError,
                perplexity: result.build.perplexity
            )
        }.sorted { ($0.bytes, $0.name) < ($1.bytes, $1.name) }
    }
}

extension FrontierPage.Point {
    fileprivate init(_ point: FrontierReport.Point) {
        self.init(
            name: point.name,
            isPreset: point.kind == "preset",
            bytes: point.bytes,
            bitsPerWeight: point.bitsPerWeight,
            kld: point.kld,
            standardError: point.standardError,
            predictedKld: point.predictedKld,
            perplexity: point.perplexity
        )
    }
}
