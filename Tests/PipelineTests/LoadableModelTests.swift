import BinaryIO
import Foundation
import GGUF
import Pipeline
import SystemPackage
import TestSupport
import Testing

/// A model whose vocabulary counts one token less than its embeddings have rows: no engine loads it.
@Suite struct LoadableModelTests {
    private var run: TinyRun
    private let source: String

    init() throws {
        run = try TinyRun()
        try run.copySource()
        source = run.pipeline.source
        let config = FilePath(source).appending("config.json")
        let text = String(decoding: try readFile(config, limit: 1 << 20), as: UTF8.self)
        let changed = text.replacing(#""vocab_size": 3072"#, with: #""vocab_size": 3071"#)
        try #require(changed != text)
        try run.scratch.write(changed, to: "tiny-phi3/config.json")
    }

    private var output: FilePath { run.scratch.appending("out.gguf") }

    private func convert(strict: Bool) throws -> [String] {
        let remarks = Mutexed<[String]>([])
        var request = ConvertRequest()
        request.isStrict = strict
        _ = try Operations.convert(source, to: output, request, threads: 2) { text in
            remarks.change { $0.append(text) }
        } progress: { _, _, _ in
        }
        return remarks.value
    }

    private func expectRefusal(_ body: () throws -> Void) throws {
        do {
            try body()
            Issue.record("accepted")
        } catch {
            let text = "\(error)"
            #expect(text.contains("no engine can load this model") && text.contains("token_embd.weight"), "\(text)")
            #expect(ExitStatus(error) == .badInput)
        }
    }

    @Test func convertingWarnsAndRefusesWhereSomebodyIsStrict() throws {
        let remarks = try convert(strict: false)
        #expect(remarks.contains { $0.hasPrefix("No engine can load this model: tensor 'token_embd.weight'") })
        #expect(try GGUFFile(path: output).tensors.count > 0)
        try FileManager.default.removeItem(atPath: output.string)
        try expectRefusal { _ = try convert(strict: true) }
        #expect(FileStatus(output) == nil)
    }

    @Test func fittingAndImportingRefuse() throws {
        _ = try convert(strict: false)
        try expectRefusal {
            _ = try Operations.fit(output, devices: ["pixel-8"], context: nil, kvType: "f16", batch: 512)
        }
        try expectRefusal {
            _ = try Operations.importBuild(
                output,
                as: "tiny@1.0.0:f16",
                license: "mit",
                source: nil,
                channel: nil,
                into: run.registry
            ) { _, _, _ in }
        }
    }

    /// llama-quantize takes such a file too.
    @Test func quantizingSaysSo() throws {
        _ = try convert(strict: false)
        let remarks = Mutexed<[String]>([])
        let request = QuantizeRequest(input: output.string, type: "q8_0")
        _ = try Operations.planQuantization(request, remark: { text in remarks.change { $0.append(text) } })
        #expect(remarks.value.contains { $0.hasPrefix("No engine can load this model") })
    }

    @Test func aPipelineStopsBeforeItQuantizes() throws {
        let runner = try run.runner()
        try expectRefusal { _ = try runner.run() }
        let files = try run.scratch.listing()
        #expect(!files.contains { $0.contains("q4") })
    }
}
