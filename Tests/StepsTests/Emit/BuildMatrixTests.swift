import Foundation
import Pipeline
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// Jobs for builds, and pipelines with some of their builds.
@Suite struct BuildMatrixTests {
    private func plan(_ definition: PipelineDefinition, _ registry: FilePath) throws -> PipelinePlan {
        try PipelineRunner(definition, RunOptions(registry: registry, threads: 2)).plan()
    }

    @Test func eachBuildHasAJobWithWhatItTakes() throws {
        let run = try TinyRun()
        let definition = try run.runner().definition
        let matrix = BuildMatrix([(definition, try plan(definition, run.registry))])
        #expect(matrix.include.map(\.types) == [["q8_0"], ["q4_k_m"]])
        #expect(matrix.include.map(\.arguments) == ["--type q8_0", "--type q4_k_m"])
        #expect(matrix.include.map(\.steps) == [["builds"], ["builds"]])
        let (large, small) = (matrix.include[0], matrix.include[1])
        #expect(large.memoryBytes == small.memoryBytes && large.memoryBytes != nil)
        // What a job writes is what a run with its builds alone writes.
        for entry in matrix.include {
            let alone = try plan(try definition.building(only: entry.types), run.registry)
            #expect(alone.steps.compactMap { $0.forecast?.diskBytes }.reduce(0, +) == entry.diskBytes, "\(entry.name)")
        }
    }

    @Test func moreBuildsThanJobsShareThem() throws {
        let models = (0..<40).map { "m\($0): { source: none }" }.joined(separator: ", ")
        let text = """
            pipeline: p
            version: 1.0.0
            models: { \(models) }
            steps:
              - { id: f16, convert: { type: f16 } }
              - { id: builds, quantize: { model: f16, types: [q8_0, q6_k, q5_k_m, q4_k_m, q4_0, q3_k_m, q2_k] } }

            """
        let file = try PipelineFile(text: text, path: "p.yaml", overrides: [], kinds: StepKinds.settings)
        let plans = file.definitions.map { definition in
            let steps = definition.steps.map { PipelinePlan.Step(step: $0.id, kind: $0.kind, action: .run, reason: "") }
            let plan = PipelinePlan(
                pipeline: definition.name,
                version: definition.version,
                source: definition.source,
                downloadBytes: nil,
                steps: steps,
                freeDiskBytes: nil
            )
            return (definition: definition, plan: plan)
        }
        let matrix = BuildMatrix(plans)
        // 280 builds: two a job.
        #expect(matrix.include.count == 160)
        #expect(matrix.include.flatMap(\.types).count == 280)
        #expect(matrix.include[0].arguments == "--model m0 --type q8_0 --type q6_k")
        #expect(matrix.include.allSatisfy { $0.memoryBytes == nil && $0.diskBytes == nil })
    }

    @Test func aPipelineIsCutToSomeOfItsBuilds() throws {
        let text =
            WrongFile.head + """
                  - { id: f16, convert: { type: f16 } }
                  - { id: large, quantize: { model: f16, types: [q8_0, q6_k] } }
                  - { id: small, quantize: { model: f16, types: [q4_0] } }
                  - id: quality
                    validate: { builds: large, text: t, gates: { q8_0: { max-perplexity: 9 }, q6_k: { max-perplexity: 9 } } }
                  - { id: out, publish: { builds: large } }
                  - { id: more, publish: { builds: small } }

                """
        let whole = try definition(text)
        let one = try whole.building(only: ["Q8_0"])
        #expect(one.steps.map(\.id) == ["f16", "large", "quality", "out"])
        #expect(one.buildTypes == ["q8_0"])
        #expect((one.step("quality")?.settings as? ValidateSettings).map { Array($0.gates.keys) } == ["q8_0"])
        #expect(try whole.building(only: []).steps.count == 6)
        let error = try #require(throws: StepsError.self) { try whole.building(only: ["q4_1"]) }
        #expect(
            "\(error)" == "the pipeline 'p' makes no build 'q4_1'. Did you mean 'q4_0'? Known here: q8_0, q6_k, q4_0."
        )
    }
}
