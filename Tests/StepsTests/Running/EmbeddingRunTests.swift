import Answers
import Architectures
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

/// A pipeline over an embedding model, from its file to the registry's answers.
@Suite struct EmbeddingRunTests {
    private var run: TinyRun

    init() throws {
        run = try TinyRun()
        run.pipeline.source = try Self.write("model", in: run.scratch).string
        run.pipeline.context = 64
        run.pipeline.chunks = 20
    }

    /// A small model with random weights that pools, unless it is not to.
    static func write(
        _ name: String,
        pooling: UInt32? = 1,
        labels: [String] = [],
        in scratch: ScratchFolder
    ) throws -> FilePath {
        var model = try SyntheticModel(
            architecture: "qwen3",
            vocabulary: try TinyModels().metadata(),
            width: 256,
            hidden: 256,
            layers: 2,
            heads: (8, 2),
            seed: 7
        )
        if let pooling { model.metadata.set("qwen3.pooling_type", .uint32(pooling)) }
        if !labels.isEmpty { model.metadata.set("qwen3.classifier.output_labels", .array(.string(labels))) }
        for layer in 0..<2 {
            for matrix in ["q", "k"] {
                model.add("blk.\(layer).attn_\(matrix)_norm.weight", [32], spread: 0.5, center: 1)
            }
        }
        if !labels.isEmpty { model.add("cls.output.weight", [256, labels.count]) }
        let path = scratch.path.appending("\(name).gguf")
        try model.write(to: path)
        return path
    }

    @Test func vectorsAreMeasuredPublishedAndAnswered() throws {
        let report = try run.run()
        #expect(report.statuses == "done done done done done")
        #expect(try run.run().statuses == "cached cached cached cached cached")
        let session = try RegistrySession(run.registry)
        defer { try? session.close() }
        var cosines: [Double] = []
        for type in ["q8_0", "q4_k_m"] {
            let build = try session.registry.build(named: try BuildName("tiny@1.0.0:\(type)"))
            let measured = try session.registry.measurements(of: build.digest)
            #expect(Set(measured.map(\.metric)) == [Metric.meanCosine, Metric.minCosine, Metric.top10OverlapPercent])
            let mean = try #require(measured.first { $0.metric == Metric.meanCosine })
            #expect(mean.context == 64 && mean.chunks == 20 && mean.againstDigest != nil && mean.textDigest != nil)
            #expect(mean.conditions == ["pooling": "mean", "dimensions": "256", "neighbours": "10"])
            cosines.append(mean.value)
            let fits = try session.registry.fits(of: build.digest)
            #expect(fits.allSatisfy { $0.decodeTokensPerSecond == 0 && $0.prefillTokensPerSecond > 0 })
        }
        #expect(cosines[0] > 0.999 && cosines[0] < 1 && cosines[1] < cosines[0])

        var query = BuildQuery()
        let refused = try query.answer(from: session)
        #expect(refused.best == nil && refused.refused.count == 2)
        #expect(refused.refused[0].reasons.first?.hasPrefix("it is an embedding model") == true)
        query.kind = .embedding
        (query.ram, query.platform) = (try ByteSize("1GB"), .android)
        let best = try #require(try query.answer(from: session).best)
        #expect(best.type == "q8_0" && best.kind == .embedding && best.meanCosine == cosines[0])
        #expect(best.decodeTokensPerSecond == nil && best.prefillTokensPerSecond != nil && best.bitsPerByte == nil)
        #expect(best.batteryPercentPer1kTokens == nil && best.estimate?.decode == nil)
        (query.kind, query.model) = (nil, "tiny")
        #expect(
            try query.answer(from: session).best?.type == "q8_0",
            "a model that is named is asked for what it gives"
        )
        query.kind = .language
        #expect(try query.answer(from: session).best == nil)

        let output = run.scratch.path.appending("report.md")
        try session.writeReport(ReportRequest(model: "tiny"), to: output) { _, _, _ in }
        let page = String(decoding: try readFile(output, limit: 1 << 20), as: UTF8.self)
        #expect(page.contains("1 − cosine") && page.contains("Same ten nearest texts"))
    }

    @Test(arguments: [
        ("q4_k_m: { min-mean-cosine: 0.9999999 }", "q4_k_m: the mean cosine is ", ", under 1.000000"),
        ("q4_k_m: { min-top10-overlap: 100% }", "q4_k_m: ", " % of the ten nearest texts are the same, under 100.00 %"),
    ])
    func aGateThatIsNotMetPublishesNothing(_ gate: String, _ head: String, _ tail: String) throws {
        var run = run
        run.pipeline.gates = "q8_0: { min-mean-cosine: 0.9, min-top10-overlap: 10% }, " + gate
        let report = try run.run()
        #expect(report.statuses == "done done failed done skipped")
        let failure = try #require(report.gateFailures.first)
        #expect(report.gateFailures.count == 1 && failure.hasPrefix(head) && failure.hasSuffix(tail), "\(failure)")
        #expect(try run.published().isEmpty)
    }

    private func refusal(_ run: TinyRun) -> String {
        do {
            try run.run()
        } catch {
            return "\(error)"
        }
        return "no error"
    }

    /// Gates of the other kind of model, and what an embedding model cannot be asked.
    @Test func whatIsForTheOtherKindOfModelIsRefusedWithWhatWouldDo() throws {
        for gate in ["max-perplexity: 5", "max-bits-per-byte: 2", "max-mean-kld: 1", "min-same-top: 5%"] {
            var own = run
            own.pipeline.gates = "q8_0: { \(gate) }"
            let message = refusal(own)
            #expect(message.contains("'\(gate.prefix { $0 != ":" })' is a gate for language models"), "\(message)")
            #expect(message.contains("min-mean-cosine or min-top10-overlap"))
        }
        var language = try TinyRun()
        language.pipeline.gates = "q8_0: { min-mean-cosine: 0.9 }"
        let message = refusal(language)
        #expect(message.contains("is a gate for embedding models") && message.contains("max-mean-kld"), "\(message)")
        var answering = run
        answering.pipeline.tasks = Goldens.packageRoot.appending("texts/tasks.jsonl").string
        #expect(refusal(answering).contains("'tasks' are answered by language models"))
        #expect(try language.published().isEmpty && run.published().isEmpty)
    }

    private func definition(_ validate: String, _ source: String) throws -> PipelineDefinition {
        try PipelineDefinition(
            text: """
                pipeline: tiny
                version: 1.0.0
                model: { source: "\(source)", license: mit }
                steps:
                  - id: full
                    convert: { type: f32 }
                  - id: builds
                    quantize: { model: full, types: [q8_0] }
                  - id: quality
                    validate: { builds: builds, \(validate) }
                  - id: publish
                    publish: { builds: builds }

                """,
            path: run.scratch.appending("p.yaml")
        )
    }

    private func refusal(_ validate: String, source: String? = nil) -> String {
        do {
            let definition = try definition(validate, source ?? run.pipeline.source)
            _ = try PipelineRunner(definition, RunOptions(registry: run.registry, threads: 2)).run()
        } catch {
            return "\(error)"
        }
        return "no error"
    }

    @Test func badSettingsAndTextsAreToldOf() throws {
        let text = "text: \"\(run.pipeline.text)\""
        #expect(refusal(text).contains("how near its vectors are"), "\(refusal(text))")
        let unknown = refusal("\(text), against: full, pooling: meen")
        #expect(unknown.contains("'pooling' does not know 'meen'") && unknown.contains("mean"), "\(unknown)")
        #expect(refusal("\(text), against: full, pooling: none").contains("'pooling' does not know 'none'"))
        #expect(
            refusal("\(text), against: full, gates: { q8_0: { min-mean-cosine: 2 } }").contains("a cosine is at most 1")
        )
        #expect(
            refusal("\(text), against: full, gates: { q8_0: { min-mean-cosine: 0.9, max-perplexity: 3 } }")
                .contains("no model has all of these figures")
        )
        #expect(refusal("\(text), against: full, pooling: rank").contains("classifier"))
        let language = TinyPipeline().source
        #expect(refusal("\(text), against: full, pooling: mean", source: language).contains("for embedding models"))

        let files: [(String, String, String)] = [
            ("few.txt", "one\ntwo\n\n  \nthree\n", "3 texts were given, where 12 to 20000 are needed"),
            ("none.txt", "\n\n", "0 texts were given"),
            ("prose.jsonl", "\"a text\"\nplain\n", "line 2 is no JSON string"),
            ("number.jsonl", "12\n", "line 1 is no JSON string"),
            ("pair.jsonl", "[\"one\", \"two\"]\n", "line 1 is no JSON string"),
        ]
        for (name, content, expected) in files {
            let path = try run.scratch.write(content, to: name)
            let message = refusal("text: \"\(path)\", against: full")
            #expect(message.contains(expected) && message.contains(name), "\(name): \(message)")
        }
        let bytes = try run.scratch.write(Data([0x61, 0x0a, 0xff, 0xfe]), to: "bytes.txt")
        #expect(refusal("text: \"\(bytes)\", against: full").contains("Line 2 of the text is not valid UTF-8"))
    }

    @Test func stringsOfJSONAndLinesOfProseAreTheSameTexts() throws {
        let lines = (0..<14).map { "The boat number \($0) lay under the willow." }
        let plain = try run.scratch.write(lines.joined(separator: "\n"), to: "plain.txt")
        let strings = try run.scratch.write(lines.map { "\"\($0)\"" }.joined(separator: "\n"), to: "strings.jsonl")
        var figures: [[String: Double]] = []
        for path in [plain, strings] {
            let own = try TinyRun()
            let definition = try definition("text: \"\(path)\", against: full, pooling: last", run.pipeline.source)
            _ = try PipelineRunner(definition, RunOptions(registry: own.registry, threads: 2)).run()
            let published = try Self.published(own.registry)
            figures.append(published.figures)
            #expect(published.conditions["pooling"] == "last" && published.texts == 14)
        }
        #expect(figures[0] == figures[1] && figures[0].count == 3)
    }

    /// A reranker's scores of all texts for a question take the place of a vector.
    @Test func rerankersAreMeasuredByTheirScores() throws {
        let model = try Self.write("reranker", pooling: nil, labels: ["yes", "no"], in: run.scratch)
        let definition = try definition(
            "text: \"\(run.pipeline.text)\", context: 32, chunks: 13, against: full",
            model.string
        )
        _ = try PipelineRunner(definition, RunOptions(registry: run.registry, threads: 2)).run()
        let published = try Self.published(run.registry)
        #expect(published.conditions == ["pooling": "rank", "dimensions": "12", "neighbours": "10"])
        #expect(published.texts == 13 && published.figures[Metric.meanCosine] ?? 0 > 0.99)
        #expect(published.figures[Metric.top10OverlapPercent] ?? 0 > 80)
    }

    /// What was published of the one build, by metric, and the conditions that all of it shares.
    private static func published(
        _ path: FilePath
    ) throws -> (figures: [String: Double], texts: Int?, conditions: [String: String]) {
        let registry = try ModelRegistry(path: path, mode: .readOnly)
        defer { try? registry.close() }
        let measured = try registry.measurements(of: try #require(try registry.builds().first).digest)
        let figures = Dictionary(measured.map { ($0.metric, $0.value) }) { first, _ in first }
        return (figures, measured.first?.chunks, measured.first?.conditions ?? [:])
    }
}
