import Answers
import BinaryIO
import DeviceFit
import Foundation
import GGUF
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing
import edgepipe

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
            _ = try TestRegistry(new: run.registry).importFile(output, as: "tiny@1.0.0:f16")
        }
    }

    /// llama-quantize takes such a file too.
    @Test func quantizingSaysSo() throws {
        _ = try convert(strict: false)
        let remarks = Mutexed<[String]>([])
        let request = try QuantizeRequest(input: output.string, type: "q8_0")
        _ = try Operations.planQuantization(request, remark: { text in remarks.change { $0.append(text) } })
        #expect(remarks.value.contains { $0.hasPrefix("No engine can load this model") })
    }

    @Test func aPipelineStopsBeforeItQuantizes() throws {
        let runner = try run.runner()
        try expectRefusal { _ = try runner.run() }
        let files = try run.scratch.listing()
        #expect(!files.contains { $0.contains("q4") })
    }

    /// Publishes the model as an older version did, which did not ask whether it loads.
    /// - Parameter mark: makes the bytes those of one test, because what is known of bytes is remembered.
    private func publishUnchecked(_ mark: UInt8) throws -> String {
        _ = try convert(strict: false)
        try writeFile(readFile(output, limit: 1 << 28) + [UInt8](repeating: mark, count: 32), to: output)
        let profile = try ModelProfile(GGUFFile(path: output), quantType: "F16")
        let facts = BuildFacts(
            quantType: "F16",
            bitsPerWeight: 16,
            sourceURI: "test",
            license: "mit",
            profile: String(decoding: try JSONEncoder().encode(profile), as: UTF8.self)
        )
        let draft = BuildDraft(type: "f16", file: output, cuts: [PartCut(offset: 200_000)], facts: facts)
        let version = try ModelVersion(parsing: "1.0.0")
        let registry = try ModelRegistry(path: run.registry, mode: .create)
        try registry.publish(Publication(model: "old", version: version, builds: [draft], toolVersion: "0.1.0"))
        try registry.close()
        return "old@1.0.0:f16"
    }

    @Test func aQueryRefusesWhatWasPublishedUnchecked() throws {
        let name = try publishUnchecked(1)
        let answer = try TestRegistry(run.registry).answer(BuildQuery())
        #expect(answer.best == nil && answer.refused.map(\.build) == [name])
        let reason = try #require(answer.refused.first?.reasons.first)
        #expect(reason.contains("no engine can load this model") && reason.contains("token_embd.weight"))
        var request = BriefRequest()
        request.query.platform = .android
        #expect(try RegistrySession.with(run.registry) { try $0.brief(request) } == nil)
        request.builds = [name]
        try expectRefusal { _ = try RegistrySession.with(run.registry) { try $0.brief(request) } }
    }

    /// That the bytes are away is told by another warning.
    @Test func aQuerySaysNothingOfBytesThatAreNotThere() throws {
        let name = try publishUnchecked(2)
        let objects = run.registry.string + ".objects"
        try FileManager.default.moveItem(atPath: objects, toPath: objects + ".away")
        #expect(try TestRegistry(run.registry).answer(BuildQuery()).best?.build == name)
        try FileManager.default.moveItem(atPath: objects + ".away", toPath: objects)
        #expect(try TestRegistry(run.registry).answer(BuildQuery()).best == nil)
    }

    @Test(arguments: ["exported", "exported.tar"])
    func anImportRefusesItAndAllThatComesWithIt(_ target: String) throws {
        let name = try publishUnchecked(3)
        let exported = run.scratch.appending(target)
        _ = try TestRegistry(run.registry).export([], to: exported)
        let other = run.scratch.appending("other.db")
        try RegistryCare.initialize(other)
        do {
            _ = try TestRegistry(other).importLayout(exported)
            Issue.record("accepted")
        } catch {
            let text = "\(error)"
            #expect(text.contains(exported.string) && text.contains(name), "\(text)")
            #expect(text.contains("no engine can load this model") && text.contains("Nothing was imported"), "\(text)")
            #expect(ExitStatus(error) == .badInput)
        }
        #expect(try TestRegistry(other).builds().isEmpty)
    }
}
