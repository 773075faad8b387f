import Foundation
import SystemPackage
import TestSupport
import Testing

/// What commands make of pipeline files: templates, schemas, several models, some builds, smoke runs and matrices.
@Suite struct PipelineFileTests {
    private let program: Program
    private var folder: ScratchFolder { program.folder }

    init() throws { program = Program(folder: try ScratchFolder()) }

    @Test func aNewFileIsRightAndRuns() throws {
        let made = try program(
            "init",
            "--from",
            tinyFolder,
            "--name",
            "tiny",
            "--types",
            "q8_0,q4_0",
            "--text",
            sampleText,
            "--devices",
            "pixel-8"
        )
        #expect(made.status == 0, "\(made.errors)")
        #expect(made.output == "wrote tiny.yaml and edgepipe.schema.json\n")
        let validated = try program("validate", "tiny.yaml", "--json")
        #expect(validated.status == 0, "\(validated.errors)")
        #expect(try validated.json()["steps"] as? [String] == ["f16", "builds", "quality", "fit", "publish"])
        let run = try program("run", "tiny.yaml", "--smoke", "--json", "--quiet")
        #expect(run.status == 0, "\(run.errors)")
        let report = try run.json()
        #expect(report["layers"] as? Int == 2)
        #expect((report["steps"] as? [[String: Any]])?.allSatisfy { $0["status"] as? String == "done" } == true)
        #expect(try !folder.listing().contains { $0.contains("registry.db") })
        let again = try program("init", "--from", tinyFolder, "-o", "tiny.yaml")
        #expect(again.status == 64 && again.errors.contains("there is a file already"))
    }

    /// Nobody is there to answer, so nothing is asked.
    @Test func withoutATerminalTheMissingOptionIsNamed() throws {
        let run = try program("init", limit: 10)
        #expect(run.status == 64 && run.errors.contains("--from"))
        #expect(try program("init", "--from", "nowhere").status == 64)
    }

    @Test func theSchemaIsJSON() throws {
        for words in [["schema"], ["schema", "--imported"]] {
            let schema = try program.run(words)
            #expect(schema.status == 0)
            #expect(try (schema.json()["$schema"] as? String)?.contains("draft-07") == true)
        }
    }

    @Test func severalModelsAreDoneInTheirOrder() throws {
        let text = TinyPipeline().yaml.replacing(
            "model: { source: \"\(tinyFolder)\", license: mit }",
            with: "models: { one: { source: \"\(tinyFolder)\" }, two: { source: \"\(tinyFolder)\", name: other } }"
        )
        try folder.write(text, to: "p.yaml")
        let all = try program("run", "p.yaml", "--json", "--quiet", "--type", "q8_0")
        #expect(all.status == 0, "\(all.errors)")
        let reports = try all.json([[String: Any]].self)
        #expect(reports.map { $0["pipeline"] as? String } == ["tiny-one", "other"])
        let builds = reports.map { ($0["builds"] as? [[String: Any]] ?? []).compactMap { $0["build"] as? String } }
        #expect(builds == [["tiny-one@1.0.0:q8_0"], ["other@1.0.0:q8_0"]])
        let plan = try program("plan", "p.yaml", "--model", "two")
        #expect(plan.status == 0 && plan.output.hasPrefix("other 1.0.0\n"))
        #expect(try program("plan", "p.yaml", "--model", "three").status == 64)
        #expect(try program("run", "p.yaml", "--type", "q4_1").status == 64)
    }

    @Test func aMatrixOfJobsIsOneLineOfJSON() throws {
        try folder.write(TinyPipeline().yaml, to: "p.yaml")
        let emitted = try program("emit", "github", "p.yaml")
        #expect(emitted.status == 0 && emitted.lines.count == 1, "\(emitted.errors)")
        let entries = try #require(try emitted.json()["include"] as? [[String: Any]])
        #expect(entries.map { $0["types"] as? [String] } == [["q8_0"], ["q4_k_m"]])
        #expect(entries.allSatisfy { ($0["diskBytes"] as? Int ?? 0) > 0 && ($0["memoryBytes"] as? Int ?? 0) > 0 })
    }

    @Test func anErrorOfAnImportedFileIsShownThere() throws {
        try folder.write("steps:\n  - { id: f16, convert: { type: f17 } }\n", to: "more.yaml")
        try folder.write("pipeline: p\nversion: 1.0.0\nmodel: { source: m }\nimport: more.yaml\n", to: "p.yaml")
        let run = try program("validate", "p.yaml")
        #expect(run.status == 3)
        #expect(run.errors.contains("more.yaml:2:33: 'f17' is not a known type to convert to."))
        #expect(run.errors.contains("      - { id: f16, convert: { type: f17 } }\n"))
    }
}
