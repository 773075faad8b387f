import Conversion
import DeviceFit
import Foundation
import Pipeline
import Quantization
import Settings
import Steps
import SystemPackage
import TestSupport
import Testing

@Suite struct PipelineDefinitionTests {
    @Test(arguments: WrongFile.heads + WrongFile.steps + WrongFile.measuring)
    func aWrongFileIsRefusedWithEveryErrorAndItsPlace(_ file: WrongFile) throws {
        let found = try diagnostics(of: file.text)
        #expect(found == file.diagnostics)
    }

    /// The files that users start from.
    @Test func everyShippedFileIsRight() throws {
        let folder = Goldens.packageRoot.appending("pipelines")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.string).filter { $0.hasSuffix(".yaml") }
        #expect(Set(names).isSuperset(of: ["quickstart.yaml", "phi3.yaml", "llama3-8b.yaml", "qwen-1.5b.yaml"]))
        for name in names {
            let definition = try PipelineDefinition(path: folder.appending(name))
            #expect(definition.steps.first?.kind == "convert", "\(name)")
            #expect(definition.steps.last?.kind == "publish", "\(name)")
        }
    }

    /// A setting that is null is one that is left out; a number is decimal whatever it begins with.
    @Test func scalarsAreThoseOfYAMLsCoreSchema() throws {
        let definition = try definition(
            """
            pipeline: "null"
            version: 1.0.0
            model: { source: a, license: null, tags: ~, lora: null }
            steps:
              - { id: full, convert: { type: Null, keep: TRUE } }
              - { id: m, imatrix: { model: full, text: t, context: 0512 } }
              - { id: q, quantize: { model: full, types: [q8_0], imatrix: ~ } }
              - { id: out, publish: { builds: q, channel: null } }
            """
        )
        #expect(definition.name == "null" && definition.license == "unknown" && definition.tags.isEmpty)
        #expect(definition.adapters.isEmpty)
        let convert = try #require(definition.steps[0].settings as? ConvertSettings)
        let imatrix = try #require(definition.steps[1].settings as? ImatrixSettings)
        let quantize = try #require(definition.steps[2].settings as? QuantizeSettings)
        let publish = try #require(definition.steps[3].settings as? PublishSettings)
        #expect(convert.type == nil && convert.keepsFile && imatrix.context == 512)
        #expect(quantize.imatrix == nil && publish.channel == nil)
    }

    @Test func aByteOrderMarkIsNoPartOfTheText() throws {
        let folder = try ScratchFolder()
        let text = "pipeline: p\nversion: 1.0.0\nmodel: { source: m }\nsteps: []\n"
        let path = try folder.write([0xef, 0xbb, 0xbf] + Array(text.utf8), to: "p.yaml")
        let error = try #require(throws: SettingsError.self) { try PipelineDefinition(path: path) }
        #expect(error.diagnostics.map(\.place) == [SourcePlace(line: 4, column: 8)])
    }

    @Test(arguments: [
        ([UInt8]("a: 1\nb: é".utf8) + [0xff], 2, 5, "not valid UTF-8 here"),
        ([0xff, 0xfe, 0x61, 0x00], 1, 1, "UTF-16"),
    ])
    func aFileThatIsNotUTF8IsRefusedAtItsPlace(_ bytes: [UInt8], _ line: Int, _ column: Int, _ words: String) throws {
        let folder = try ScratchFolder()
        let file = try folder.write(bytes, to: "p.yaml")
        for read in [{ _ = try PipelineDefinition(path: file) }, { _ = try DeviceFile.devices(in: file) }] {
            let error = try #require(throws: SettingsError.self, performing: read)
            #expect(error.diagnostics.first?.place == SourcePlace(line: line, column: column))
            #expect(error.diagnostics.first?.message.contains(words) == true)
        }
    }

    @Test func theSettingsOfAFileArriveInItsSteps() throws {
        let definition = try definition(
            """
            pipeline: p
            version: 1.0.0
            model: { source: hf://a/b, license: mit }
            steps:
              - { id: full, convert: { type: F16, pre: qwen2 } }
              - id: builds
                quantize: { model: full, types: [Q4_K, q8_0], pure: true, tensor-types: { ffn_down: q6_k } }
              - id: quality
                validate:
                  { builds: builds, text: t.txt, context: 64, chunks: 3, against: full,
                    gates: { Q4_K_M: { max-perplexity-increase: 5%, min-same-top: 90.5%, max-perplexity: 70 } } }
              - { id: fit, fit: { builds: builds, kv-type: Q8_0, devices: pixel-8 } }
              - { id: out, publish: { builds: builds } }
            """
        )
        #expect(definition.source == "hf://a/b")
        #expect(definition.license == "mit")
        #expect(definition.steps.map(\.id) == ["full", "builds", "quality", "fit", "out"])
        #expect(
            definition.steps.map(\.settings.needs) == [
                [], ["full"], ["builds", "full"], ["builds"], ["builds", "quality", "fit"],
            ]
        )
        #expect(definition.step("quality")?.place == SourcePlace(line: 8, column: 5))
        let convert = try #require(definition.steps[0].settings as? ConvertSettings)
        let quantize = try #require(definition.steps[1].settings as? QuantizeSettings)
        let validate = try #require(definition.steps[2].settings as? ValidateSettings)
        let fit = try #require(definition.steps[3].settings as? FitSettings)
        let publish = try #require(definition.steps[4].settings as? PublishSettings)
        #expect(convert.type == .f16)
        #expect(convert.preTokenizer == "qwen2")
        #expect(quantize.types.map(\.tag) == ["q4_k_m", "q8_0"])
        #expect(quantize.options.pure)
        #expect(quantize.options.tensorTypes.map(\.pattern) == ["ffn_down"])
        #expect((validate.context, validate.chunks) == (64, 3))
        let gate = try #require(validate.gates["q4_k_m"])
        #expect((gate.maxPerplexityIncrease, gate.maxPerplexity, gate.minSameTop) == (5, 70, 90.5))
        #expect((gate.maxBitsPerByte, gate.maxMeanKLD) == (nil, nil))
        #expect((fit.kvType, fit.context, fit.devices) == ("q8_0", nil, ["pixel-8"]))
        #expect(publish.channel == nil)
    }

    /// YAML would read some of these as numbers.
    @Test(arguments: ["1.10.0", "01.0.0", "2.0.10", "1e3"])
    func aVersionIsATextAsItIsWritten(_ version: String) throws {
        let head = "pipeline: p\nversion: \(version)\nmodel: { source: m }\nsteps:\n  - { id: f16, convert: {} }\n"
        let found = try? definition(head).version
        #expect(found == (["1.10.0", "2.0.10"].contains(version) ? version : nil))
    }

    @Test func anErrorShowsTheLineAndACaretBelowIt() throws {
        let text = WrongFile.head + "  - { id: f16, convert: { type: f17 } }\n"
        let shown = """
            p.yaml:5:33: 'f17' is not a known type to convert to. Did you mean 'f16'? Known here: auto, f32, f16, bf16, q8_0.
                  - { id: f16, convert: { type: f17 } }
                                                ^
            """
        for (ending, text) in [("LF", text), ("CRLF", text.replacing("\n", with: "\r\n"))] {
            let error = try #require(throws: SettingsError.self) { try definition(text) }
            #expect(error.description == shown, "line ends: \(ending)")
        }
    }

    @Test func aFileThatIsNotTextIsRefused() throws {
        let scratch = try ScratchFolder()
        let path = try scratch.write(Data([0x70, 0x3A, 0x20, 0xFF, 0xFE]), to: "p.yaml")
        let error = try #require(throws: SettingsError.self) { try PipelineDefinition(path: path) }
        #expect(error.diagnostics.map(\.message) == ["the file is not valid UTF-8 here. Save it as UTF-8."])
    }

    @Test func aHugeFileIsRefusedBeforeItIsParsed() throws {
        let scratch = try ScratchFolder()
        let path = try scratch.write(String(repeating: "# \n", count: 400_000), to: "p.yaml")
        let error = try #require(throws: (any Error).self) { try PipelineDefinition(path: path) }
        #expect(
            "\(error)" == "\(path): cannot read: it is larger than 1048576 bytes, the most expected of such a file."
        )
    }

    @Test func aDifferentFileHasADifferentDigest() throws {
        let one = try definition(TinyPipeline().yaml)
        #expect(try definition(TinyPipeline().yaml).digest == one.digest)
        #expect(try definition(TinyPipeline().yaml + "# note\n").digest != one.digest)
        #expect(try definition(TinyPipeline().yaml, ["version=1.0.1"]).digest != one.digest)
    }
}

func definition(_ text: String, _ overrides: [String] = []) throws -> PipelineDefinition {
    try PipelineDefinition(text: text, path: "p.yaml", overrides: overrides)
}

/// What is said about a text, as `line:column: message`.
func diagnostics(of text: String, _ overrides: [String] = []) throws -> [String] {
    do {
        _ = try definition(text, overrides)
        return []
    } catch let error as SettingsError {
        return error.diagnostics.map { "\($0.place.line):\($0.place.column): \($0.message)" }
    }
}
