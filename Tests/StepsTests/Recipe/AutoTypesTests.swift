import Answers
import BinaryIO
import GGUF
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// Builds whose types are chosen by cost, from pipeline file to registry.
@Suite struct AutoTypesTests {
    private let run: TinyRun

    init() throws { run = try TinyRun() }

    private func text(_ quantize: String, ladder: String = "k") -> String {
        """
        pipeline: tiny
        version: 1.0.0
        model: { source: "\(run.pipeline.source)" }
        steps:
          - { id: f16, convert: { type: f16 } }
          - { id: costs, sensitivity: { model: f16, text: "\(run.pipeline.text)", context: 128, chunks: 3, ladder: \(ladder) } }
          - { id: builds, quantize: { model: f16, \(quantize) } }
          - { id: publish, publish: { builds: builds } }
        """
    }

    private func report(_ quantize: String) throws -> RunReport {
        let definition = try PipelineDefinition(text: text(quantize), path: run.scratch.appending("p.yaml"))
        return try PipelineRunner(definition, RunOptions(registry: run.registry, threads: 2)).run()
    }

    @Test func buildsOfASizeArePublishedWithTheirRecipes() throws {
        let quantize = "costs: costs, types: [q4_k_m, auto-5bpw, auto-2.2MB, auto-pixel-8]"
        let first = try report(quantize)
        #expect(
            first.builds.map(\.build) == [
                "tiny@1.0.0:q4_k_m", "tiny@1.0.0:auto-5bpw", "tiny@1.0.0:auto-2.2mb", "tiny@1.0.0:auto-pixel-8",
            ]
        )
        #expect(try report(quantize).statuses == "cached cached cached cached")
        let f16 = FilePath(first.steps[0].outputs[0])
        let registry = try ModelRegistry(path: run.registry, mode: .readOnly)
        for build in first.builds {
            let record = try registry.build(named: BuildName(build.build))
            let recipes = try registry.recipes(of: record.digest)
            #expect(recipes.isEmpty == build.build.hasSuffix("q4_k_m"))
            guard let recipe = recipes.first else { continue }
            #expect(record.fileBytes <= recipe.budgetBytes && recipe.predictedKld > 0)
        }
        let costs = try registry.sensitivities(of: SHA256Digest(ofFile: run.scratch.path.pushing(f16)))
        #expect(costs.count == 1 && costs.allSatisfy(\.isOfLadder) && costs[0].types == "ladder:k")
        let bits = try registry.build(named: BuildName("tiny@1.0.0:auto-5bpw")).facts.bitsPerWeight
        #expect(bits <= 5 && bits > 4.9)
        #expect(try registry.build(named: BuildName("tiny@1.0.0:auto-2.2mb")).fileBytes <= 2_200_000)
    }

    @Test func aSensitivityStepIsAnImportanceMatrixToo() throws {
        #expect(try report("imatrix: costs, types: [q4_k_m]").builds.count == 1)
    }

    @Test(arguments: [
        ("types: [auto-3.5bpw]", "Name a `sensitivity` step with 'costs'."),
        ("types: [q4_0], costs: costs", "'costs' is used by no type."),
        ("types: [auto-3.5bpw], costs: f16", "'costs' must name a step that does 'sensitivity'; 'f16' does not."),
        ("types: [auto-3.5bpw], costs: cost", "Did you mean 'costs'?"),
        ("types: [auto-0bpw], costs: costs", "auto-0bpw"),
        ("types: [auto-pixle-8], costs: costs", "pixel-8"),
        ("types: [auto-], costs: costs", "'auto-' is not a known quantization type."),
        ("types: [auto-10kb], costs: costs", "'auto-10kb' is not a known quantization type."),
    ])
    func wrongRequestsAreRefusedBeforeAnythingRuns(_ quantize: String, _ words: String) throws {
        let found = try diagnostics(of: text(quantize))
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test func aWrongLadderIsRefused() throws {
        let found = try diagnostics(of: text("types: [auto-4bpw], costs: costs", ladder: "q4_9"))
        #expect(found.contains { $0.contains("'q4_9' is not a known ladder.") }, "\(found)")
    }

    @Test func aSizeThatNoBuildMeetsIsRefusedWithTheSmallest() throws {
        let error = try #require(throws: (any Error).self) { try report("costs: costs, types: [auto-1mb]") }
        #expect("\(error)".contains("the smallest"), "\(error)")
        #expect(try run.published().isEmpty)
    }
}
