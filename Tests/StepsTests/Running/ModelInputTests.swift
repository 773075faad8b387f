import Foundation
import Pipeline
import Registry
import Steps
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

/// What a pipeline's model may be, and that builds need no file between it and them.
@Suite struct ModelInputTests {
    /// - Returns: name and SHA-256 of what the pipeline publishes.
    private func published(
        _ model: String,
        convert: String = "{ type: f16 }",
        in run: TinyRun,
        builds: String = "builds"
    ) throws -> [String: String] {
        let yaml = """
            pipeline: tiny
            version: 1.0.0
            model: \(model)
            steps:
              - id: source
                convert: \(convert)
              - id: builds
                quantize: { model: source, types: [q8_0, q4_k_m] }
              - id: publish
                publish: { builds: \(builds), channel: candidate }

            """
        let definition = try PipelineDefinition(text: yaml, path: run.scratch.appending("p.yaml"))
        _ = try PipelineRunner(definition, RunOptions(registry: run.registry, threads: 2)).run()
        return try run.published()
    }

    private var folder: String { "{ source: \"\(TinyPipeline().source)\" }" }

    private func files(in run: TinyRun) -> [String] {
        let work = FileManager.default.enumerator(atPath: run.registry.string + ".work")
        return (work?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".gguf") }.map {
            FilePath($0).lastComponent?.string ?? ""
        }.sorted()
    }

    @Test func withoutTheFileBetweenBuildsAreTheSame() throws {
        let (kept, streamed) = (try TinyRun(), try TinyRun())
        let expected = try published(folder, in: kept)
        #expect(try published(folder, convert: "{ type: f16, keep: false }", in: streamed) == expected)
        #expect(files(in: kept) == ["f16.gguf", "q4_k_m.gguf", "q8_0.gguf"])
        #expect(files(in: streamed) == ["q4_k_m.gguf", "q8_0.gguf"])
    }

    @Test func aGGUFFileIsAModelToo() throws {
        let (first, copied, direct) = (try TinyRun(), try TinyRun(), try TinyRun())
        let expected = try published(folder, in: first)
        let work = FileManager.default.enumerator(atPath: first.registry.string + ".work")
        let file = try #require(work?.compactMap { $0 as? String }.first { $0.hasSuffix("f16.gguf") })
        let model = "{ source: \"\(first.registry).work/\(file)\" }"
        #expect(try published(model, convert: "{}", in: copied) == expected)
        #expect(try published(model, convert: "{ keep: false }", in: direct) == expected)
        // Of another precision the file has to be written.
        #expect(throws: PipelineError.self) {
            _ = try published(model, convert: "{ type: f32, keep: false }", in: try TinyRun())
        }
        let converted = try published(model, convert: "{ type: bf16 }", in: try TinyRun(), builds: "source")
        #expect(converted.keys.sorted() == ["tiny@1.0.0:bf16"])
    }

    /// Most matrices of a mix are of one type, and the largest often of another.
    @Test func aQuantizedFileThatIsPublishedAsItIsKeepsTheNameOfItsMix() throws {
        let (first, copied) = (try TinyRun(), try TinyRun())
        let expected = try published(folder, in: first)
        let work = FileManager.default.enumerator(atPath: first.registry.string + ".work")
        let file = try #require(work?.compactMap { $0 as? String }.first { $0.hasSuffix("q4_k_m.gguf") })
        let yaml = """
            pipeline: tiny
            version: 1.0.0
            model: { source: "\(first.registry).work/\(file)" }
            steps:
              - { id: source, convert: {} }
              - { id: publish, publish: { builds: source } }

            """
        let definition = try PipelineDefinition(text: yaml, path: copied.scratch.appending("p.yaml"))
        _ = try PipelineRunner(definition, RunOptions(registry: copied.registry, threads: 2)).run()
        #expect(try copied.published() == expected.filter { $0.key.hasSuffix("q4_k_m") })
    }

    @Test func adaptersAreMergedAndCountForTheCache() throws {
        let run = try TinyRun()
        let plain = try published(folder, in: try TinyRun())
        try writeAdapter("lora", value: 0.01, into: run.scratch)
        let source = "source: \"\(TinyPipeline().source)\""
        let whole = try published("{ \(source), lora: lora }", in: run)
        #expect(whole.keys == plain.keys && whole != plain)
        let other = try TinyRun()
        try writeAdapter("lora", value: 0.01, into: other.scratch)
        let none = try published("{ \(source), lora: [{ folder: lora, scale: 0 }] }", in: other)
        #expect(none == plain, "no share of an adapter leaves the model as it was")
    }

    /// The update goes into the file's numbers as it goes into the folder's.
    @Test func adaptersAreMergedIntoAGGUFFile() throws {
        let (made, first, second) = (try TinyRun(), try TinyRun(), try TinyRun())
        _ = try published(folder, convert: "{ type: f32 }", in: made)
        let file = try #require(Self.path(of: "f32.gguf", made))
        for run in [first, second] { try writeAdapter("lora", value: 0.01, into: run.scratch) }
        let merged = "{ source: \"\(made.registry).work/\(file)\", lora: lora }"
        let whole = "{ source: \"\(TinyPipeline().source)\", lora: lora }"
        let expected = try published(whole, in: first)
        #expect(try published(merged, convert: "{ type: f16, keep: false }", in: second) == expected)
        // What quantizing lost would stay.
        let quantized = try #require(Self.path(of: "q8_0.gguf", made))
        let error = #expect(throws: PipelineError.self) {
            _ = try published("{ source: \"\(made.registry).work/\(quantized)\", lora: lora }", in: first)
        }
        #expect(error.map { "\($0)".contains("of type q8_0") } == true)
    }

    private static func path(of file: String, _ run: TinyRun) -> String? {
        let work = FileManager.default.enumerator(atPath: run.registry.string + ".work")
        return work?.compactMap { $0 as? String }.first { $0.hasSuffix(file) }
    }

    /// An update of one matrix by a rank of one.
    private func writeAdapter(_ name: String, value: Float, into folder: ScratchFolder) throws {
        let module = "base_model.model.model.layers.0.self_attn.o_proj"
        let header = """
            {"\(module).lora_A.weight":{"dtype":"F32","shape":[1,256],"data_offsets":[0,1024]},\
            "\(module).lora_B.weight":{"dtype":"F32","shape":[256,1],"data_offsets":[1024,2048]}}
            """
        var bytes = LittleEndianBytes()
        bytes.append(UInt64(header.utf8.count))
        var file = bytes.bytes + Array(header.utf8)
        for _ in 0..<512 { file += withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) }
        try FileManager.default.createDirectory(
            atPath: folder.appending(name).string,
            withIntermediateDirectories: true
        )
        try folder.write(file, to: "\(name)/adapter_model.safetensors")
        try folder.write(Array(#"{"peft_type":"LORA","lora_alpha":1}"#.utf8), to: "\(name)/adapter_config.json")
    }
}
