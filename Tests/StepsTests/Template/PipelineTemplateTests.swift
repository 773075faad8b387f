import BinaryIO
import Foundation
import Pipeline
import Settings
import Steps
import SystemPackage
import TestSupport
import Testing
import Yams

@Suite struct PipelineTemplateTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func definition(_ template: PipelineTemplate) throws -> PipelineDefinition {
        let path = folder.appending("p.yaml")
        return try PipelineDefinition(text: try template.yaml(at: path), path: path)
    }

    @Test func whatWasSaidIsInTheFile() throws {
        var template = PipelineTemplate(source: "hf://microsoft/Phi-3-mini-4k-instruct@main")
        template.types = ["q6_k", "Q4_K_M", "iq3_s"]
        template.text = "/texts/sample.txt"
        template.devices = ["pixel-8", "iphone-15"]
        let definition = try definition(template)
        #expect(definition.name == "phi-3-mini-4k-instruct")
        #expect(definition.source == "hf://microsoft/Phi-3-mini-4k-instruct@main")
        #expect(definition.steps.map(\.id) == ["f16", "importance", "builds", "quality", "fit", "publish"])
        #expect(definition.buildTypes == ["q6_k", "q4_k_m", "iq3_s"])
        let quality = try #require(definition.step("quality")?.settings as? ValidateSettings)
        #expect((quality.text, quality.chunks, quality.against) == ("/texts/sample.txt", 20, "f16"))
        #expect((definition.step("fit")?.settings as? FitSettings)?.devices == ["pixel-8", "iphone-15"])
    }

    @Test func withoutATextQualityIsNotMeasured() throws {
        let steps = try definition(PipelineTemplate(source: "/m/tiny.gguf")).steps.map(\.id)
        #expect(steps == ["f16", "builds", "fit", "publish"])
    }

    /// Whatever a person types is a text in the file, and never YAML.
    @Test(arguments: [
        "a: b", "a #b", "\"quoted\"", "it's", "line\nbreak", "tab\t", "- x", "{a: b}", "[x]", "*alias", "&anchor",
        "!tag", "%x", "@x", "`x`",
        "null", "~", "true", "1.5", "0x10", "yes", "key:", " lead", "trail ", "\\n", "\u{7f}\u{85}\u{2028}\u{feff}",
        "é中🙂", "'", "---", "...",
        "? x", "| x", "> x", ",", "a, b", "x]", "x}", "\u{0}",
    ])
    func textsAreQuoted(_ text: String) throws {
        let yaml = "a: \(YAMLText.scalar(text))\nb: [\(YAMLText.scalar(text)), { c: \(YAMLText.scalar(text)) }]\n"
        let node = try #require(try Yams.compose(yaml: yaml), "\(yaml)")
        #expect(node["a"]?.scalar?.string == text && node["a"]?.isNull == false)
        #expect(node["b"]?[0]?.scalar?.string == text)
        #expect(node["b"]?[1]?["c"]?.scalar?.string == text)
    }

    @Test func hostilePathsAndNamesMakeAFileThatIsRight() throws {
        var template = PipelineTemplate(source: "/models/a\": b\nsteps: []\n#")
        template.text = "/t'e\"x: [t].txt"
        let definition = try definition(template)
        #expect(definition.source == "/models/a\": b\nsteps: []\n#")
        #expect((definition.step("quality")?.settings as? ValidateSettings)?.text == "/t'e\"x: [t].txt")
    }

    @Test func whatNoFileCanSayIsRefused() throws {
        func message(_ change: (inout PipelineTemplate) -> Void) -> String {
            var template = PipelineTemplate(source: "/m")
            change(&template)
            do { _ = try template.yaml(at: "p.yaml") } catch { return "\(error)" }
            return ""
        }
        #expect(message { $0.types = ["q4_m_k"] }.contains("Did you mean 'q4_k_m'?"))
        #expect(message { $0.types = [] }.contains("at least one type"))
        #expect(message { $0.devices = ["pixl-8"] }.contains("pixel-8"))
        #expect(message { $0.name = "My Phi" }.contains("cannot be the name of a model"))
        #expect(message { $0.source = "${{ env.HOME }}" }.contains("expression's braces"))
    }

    @Test func aFileThatIsThereIsKept() throws {
        let path = try folder.write("mine", to: "sub/p.yaml")
        #expect(throws: StepsError.self) { try PipelineTemplate(source: "/m").write(to: path) }
        #expect(try readFile(path, limit: 10) == Array("mine".utf8))
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("sub/link.yaml").string,
            withDestinationPath: "nowhere.yaml"
        )
        let written = try PipelineTemplate(source: "/m").write(to: folder.appending("sub/new.yaml"))
        #expect(written.map { $0.lastComponent?.string } == ["new.yaml", PipelineTemplate.schemaName])
        _ = try PipelineDefinition(path: written[0])
        _ = try SchemaChecker(String(decoding: try readFile(written[1], limit: 1 << 20), as: UTF8.self))
        #expect(try PipelineTemplate(source: "/m").write(to: folder.appending("sub/other.yaml")).count == 1)
    }

    @Test func pathsStartFromTheFilesFolder() throws {
        try folder.write("text", to: "texts/t.txt")
        let template = PipelineTemplate(source: "models/tiny")
        let text = try template.yaml(at: FilePath("pipelines/p.yaml"))
        #expect(text.contains("source: ../models/tiny\n"))
        #expect(try template.yaml(at: "p.yaml").contains("source: models/tiny\n"))
    }
}
