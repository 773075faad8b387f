import Answers
import BinaryIO
import Foundation
import GGUF
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Builds whose types are assigned tensor by tensor, from pipeline file to registry.
@Suite struct RecipeTests {
    private let run: TinyRun

    init() throws {
        run = try TinyRun()
        try run.scratch.write(Array("blk.0.ffn_down.weight=q8_0\n".utf8), to: "small.types")
    }

    private func text(_ quantize: String) -> String {
        """
        pipeline: tiny
        version: 1.0.0
        model: { source: "\(run.pipeline.source)" }
        steps:
          - { id: f16, convert: { type: f16 } }
          - { id: builds, quantize: { model: f16, \(quantize) } }
          - { id: fit, fit: { builds: builds, devices: pixel-8 } }
          - { id: publish, publish: { builds: builds } }
        """
    }

    private func report(_ quantize: String) throws -> RunReport {
        let definition = try PipelineDefinition(text: text(quantize), path: run.scratch.appending("p.yaml"))
        return try PipelineRunner(definition, RunOptions(registry: run.registry, threads: 2)).run()
    }

    @Test func aRecipeIsABuildWithANameOfItsOwn() throws {
        let quantize = "types: [q4_0, small], recipes: { small: { base: q4_0, tensors: small.types } }"
        let first = try report(quantize)
        #expect(first.builds.map(\.build) == ["tiny@1.0.0:q4_0", "tiny@1.0.0:small"])
        let files = try first.steps[1].outputs.map { try GGUFFile(path: FilePath($0)) }
        let changed = zip(files[0].tensors, files[1].tensors).filter { $0.type != $1.type }.map(\.1)
        #expect(changed.map(\.name) == ["blk.0.ffn_down.weight"] && changed.first?.type == .q8_0)
        #expect(try report(quantize).statuses == "cached cached cached cached")

        try run.scratch.write(Array("blk.1.ffn_down.weight=q8_0\n".utf8), to: "small.types")
        let plan = try PipelineRunner(
            PipelineDefinition(text: text(quantize), path: run.scratch.appending("p.yaml")),
            RunOptions(registry: run.registry, threads: 2)
        ).plan()
        #expect(plan.steps.map(\.builds) == [nil, ["small"], ["small"], ["small"]])
    }

    @Test(arguments: [
        ("types: [small], recipes: { small: { base: q4_9, tensors: t } }", "'q4_9' is not a known quantization type."),
        ("types: [small], recipes: { small: { tensors: t } }", "a recipe needs the setting 'base'."),
        ("types: [q4_0], recipes: { q8_0: { base: q4_0, tensors: t } }", "'q8_0' is not a valid recipe name."),
        ("types: [q4_0], recipes: { Big: { base: q4_0, tensors: t } }", "'Big' is not a valid recipe name."),
        ("types: [q4_0], recipes: { small: { base: q4_0, tensors: t } }", "no build is made by the recipe 'small'."),
        ("types: [smal], recipes: { small: { base: q4_0, tensors: t } }", "Did you mean 'small'?"),
        ("types: [q4_0], recipes: small", "'recipes' must be a mapping"),
    ])
    func aWrongRecipeIsRefused(_ quantize: String, _ words: String) throws {
        let found = try diagnostics(of: text(quantize))
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test func anAssignmentThatDoesNotFitTheModelIsRefusedBeforeAnythingIsMade() throws {
        try run.scratch.write(Array("blk.77.ffn_down.weight=q8_0\n".utf8), to: "small.types")
        let error = try #require(throws: (any Error).self) {
            try report("types: [small], recipes: { small: { base: q4_0, tensors: small.types } }")
        }
        #expect("\(error)".contains("blk.77.ffn_down.weight"), "\(error)")
        #expect(try run.published().isEmpty)
    }
}
