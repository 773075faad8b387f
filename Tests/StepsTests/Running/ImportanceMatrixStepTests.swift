import BinaryIO
import Conversion
import Foundation
import Pipeline
import Registry
import Settings
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct ImportanceMatrixStepTests {
    private var run: TinyRun

    init() throws {
        run = try TinyRun()
        run.pipeline.types = "q4_k_m, iq3_xxs"
        run.pipeline.imatrix = "imatrix.gguf"
        try put("imatrix.gguf")
    }

    /// Copies one of the matrix's two forms to where the pipeline looks for it.
    private func put(_ golden: String) throws {
        let bytes = try Data(contentsOf: URL(filePath: Goldens.tinyPhi3.appending(golden).string))
        try run.scratch.write(bytes, to: "imatrix.gguf")
    }

    private func golden(_ type: String) throws -> String? {
        let bytes = try Data(contentsOf: URL(filePath: Goldens.tinyPhi3.appending("quantized.json").string))
        let types = try JSONSerialization.jsonObject(with: bytes) as? [String: [String: [String: Any]]]
        return types?[type]?["imatrix"]?["file_sha256"] as? String
    }

    /// The path is written into the files as the pipeline has it, so they are llama-quantize's own.
    @Test func buildsAreWeightedByTheMatrix() throws {
        let report = try run.run()
        let published = try run.published()
        #expect(published["tiny@1.0.0:q4_k_m"] == (try golden("Q4_K_M")))
        #expect(published["tiny@1.0.0:iq3_xxs"] == (try golden("IQ3_XXS")))
        let errors = report.steps.compactMap(\.quantizations).flatMap { $0 }.compactMap(\.errors).flatMap { $0 }
        #expect(errors.contains { $0.weightedError != nil })
    }

    /// The matrix of a step of its own gives what the same matrix gives on a command line.
    @Test func aStepMakesTheMatrix() throws {
        var run = run
        let text = Goldens.packageRoot.appending("texts/calibration.txt").string
        let step = "  - { id: importance, imatrix: { model: f16, text: \"\(text)\", context: 128, chunks: 3 } }"
        (run.pipeline.imatrix, run.pipeline.imatrixStep) = ("importance", step)
        #expect(try run.run().statuses == "done done done done done done")
        #expect(try run.run().statuses == "cached cached cached cached cached cached")
        let published = try run.published()

        let tiny = try TinyModels()
        let settings = try ImatrixSettings(options: [
            "text": .text(text), "context": .number(128), "chunks": .number(3),
        ])
        let request = ImportanceRequest(settings, model: try tiny.converted(.f16), text: FilePath(text))
        let matrix = run.scratch.appending("importance.gguf")
        try withExtendedLifetime(tiny) {
            _ = try Operations.importanceMatrix(request, to: matrix) { _, _, _ in }
        }
        var other = try TinyRun()
        try other.scratch.write(try readFile(matrix, limit: 1 << 20), to: "importance.gguf")
        (other.pipeline.types, other.pipeline.imatrix) = (run.pipeline.types, "importance.gguf")
        try other.run()
        #expect(try other.published() == published)

        let registry = try ModelRegistry(path: run.registry, mode: .readOnly)
        defer { try? registry.close() }
        let build = try registry.build(named: try BuildName("tiny@1.0.0:q4_k_m"))
        let kinds = try registry.lineage(of: build.digest).map(\.stepKind).sorted()
        #expect(kinds == ["convert", "imatrix", "imatrix", "quantize", "quantize"], "of the model and of the text")
        run.pipeline.imatrixStep = step.replacing("chunks: 3", with: "chunks: 4")
        run.pipeline.version = "1.0.1"
        #expect(try run.run().statuses == "cached done done done done done")
    }

    @Test func anotherMatrixIsAnotherStep() throws {
        try run.run()
        #expect(try run.run().statuses == "cached cached cached cached cached")
        try put("imatrix.dat")
        var run = run
        run.pipeline.version = "1.0.1"
        #expect(try run.run().statuses.hasPrefix("cached done"))
    }

    @Test func aMatrixThatIsMissingIsNamed() throws {
        try FileManager.default.removeItem(atPath: run.scratch.appending("imatrix.gguf").string)
        let error = #expect(throws: (any Error).self) { try run.run() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("imatrix.gguf"))
    }

    /// Found when the pipeline is planned, before anything is converted twice.
    @Test func smallTypesWithoutAMatrixAreRefused() throws {
        var run = run
        run.pipeline.imatrix = nil
        let error = #expect(throws: (any Error).self) { try run.run() }
        #expect("\(error.map { "\($0)" } ?? "")".contains("importance matrix"))
    }
}
