import Foundation
import Pipeline
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
    @Test func buildsAreWeighedByTheMatrix() throws {
        let report = try run.run()
        let published = try run.published()
        #expect(published["tiny@1.0.0:q4_k_m"] == (try golden("Q4_K_M")))
        #expect(published["tiny@1.0.0:iq3_xxs"] == (try golden("IQ3_XXS")))
        let errors = report.steps.compactMap(\.quantizations).flatMap { $0 }.compactMap(\.errors).flatMap { $0 }
        #expect(errors.contains { $0.weightedError != nil })
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
