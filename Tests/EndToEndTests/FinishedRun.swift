import Foundation
import SystemPackage
import TestSupport
import Testing

/// A folder in which `edgepipe run` has finished: a registry with two builds, and an F16 model beside it.
final class FinishedRun: Sendable {
    let folder: ScratchFolder
    let output: String

    var program: Program { Program(folder: folder) }

    init() throws {
        folder = try ScratchFolder()
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        let program = Program(folder: folder)
        let run = try program("run", "tiny.yaml", "--json", "--quiet")
        try #require(run.status == 0, "\(run.errors)")
        output = run.output
        let converted = try program("convert", tinyFolder, "-o", "f16.gguf", "--type", "f16", "--quiet")
        try #require(converted.status == 0, "\(converted.errors)")
    }

    /// A registry of its own, to be damaged.
    func copiedRegistry() throws -> ScratchFolder {
        let copy = try ScratchFolder()
        for name in ["registry.db", "registry.db-wal", "registry.db-shm", "registry.db.objects"] {
            let source = folder.appending(name).string
            guard FileManager.default.fileExists(atPath: source) else { continue }
            try FileManager.default.copyItem(atPath: source, toPath: copy.appending(name).string)
        }
        return copy
    }
}

/// Makes one finished run for all tests of a suite; they must not change it.
struct SharedRun: SuiteTrait, TestScoping {
    @TaskLocal static var current: FinishedRun?

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.$current.withValue(try FinishedRun()) { try await function() }
    }
}

extension Trait where Self == SharedRun {
    static var sharedRun: Self { SharedRun() }
}

let tinyFolder = Goldens.packageRoot.appending("models/tiny-phi3").string
let sampleText = Goldens.packageRoot.appending("texts/sample.txt").string

/// A golden file of the tiny model, as JSON.
func golden<Value>(_ name: String, as _: Value.Type = [String: Any].self) throws -> Value {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Goldens.tinyPhi3.appending(name).string))
    return try #require(try JSONSerialization.jsonObject(with: bytes) as? Value)
}

/// What llama-quantize made of the tiny model without an importance matrix: SHA-256 of each type's file.
func quantizedGolden(_ type: String) throws -> String {
    let types = try golden("quantized.json", as: [String: [String: Any]].self)
    let plain = try #require(types[type]?["plain"])
    return try #require(plain as? String ?? (plain as? [String: Any])?["file_sha256"] as? String)
}
