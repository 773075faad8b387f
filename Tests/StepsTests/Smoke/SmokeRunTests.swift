import Architectures
import BinaryIO
import Conversion
import Foundation
import GGUF
import Pipeline
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct SmokeRunTests {
    @Test func everyStepRunsOnTwoLayersAndNothingStays() throws {
        var run = try TinyRun()
        run.pipeline.gates = "q8_0: { max-perplexity: 1 }"
        run.pipeline.imatrixStep = "  - { id: m, imatrix: { model: f16, text: \"\(run.pipeline.text)\" } }"
        run.pipeline.imatrix = "m"
        let path = try run.scratch.write(run.pipeline.yaml, to: "p.yaml")
        let before = try run.scratch.listing()
        let report = try SmokeRun(try PipelineDefinition(path: path), RunOptions(registry: run.registry, threads: 2))
            .run()
        #expect(report.layers == 2)
        #expect(report.steps.map(\.step) == ["f16", "m", "builds", "quality", "fit", "publish"])
        #expect(report.steps.allSatisfy { $0.status == .done })
        // The cut knows nothing, and that is no failure.
        #expect(report.unmetGates.count == 1 && report.unmetGates[0].hasPrefix("q8_0: "))
        #expect(try run.scratch.listing() == before)
    }

    @Test func aStepThatFailsEndsIt() throws {
        var run = try TinyRun()
        run.pipeline.text = run.scratch.appending("none.txt").string
        let path = try run.scratch.write(run.pipeline.yaml, to: "p.yaml")
        let definition = try PipelineDefinition(path: path)
        #expect(throws: PipelineError.self) {
            try SmokeRun(definition, RunOptions(registry: run.registry, threads: 2)).run()
        }
        #expect(FileStatus(run.registry) == nil)
    }

    @Test func aCutIsTheFirstLayersOfTheModel() throws {
        let folder = try HuggingFaceFolder(path: Goldens.packageRoot.appending("models/tiny-phi3"))
        let whole = ConvertedModel(try ConversionPlan(folder, options: ConversionOptions()), inputs: folder.inputs)
        let cut = try CutModel(whole)
        let layers = try ModelShape(cut.metadata).layers.count
        #expect(layers == 2)
        let names = Set(cut.tensors.map(\.name))
        #expect(names.isSubset(of: Set(whole.tensors.map(\.name))))
        #expect(names.contains("token_embd.weight") && names.contains("blk.1.attn_output.weight"))
        #expect(!names.contains { $0.hasPrefix("blk.2.") })
    }
}
