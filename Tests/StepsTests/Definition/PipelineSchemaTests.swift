import BinaryIO
import Foundation
import Pipeline
import Settings
import Steps
import SystemPackage
import TestSupport
import Testing
import Yams

/// What editors are told is what files are read by.
@Suite struct PipelineSchemaTests {
    private let checker: SchemaChecker

    init() throws { checker = try SchemaChecker(StepKinds.schema.json(of: .pipeline)) }

    /// A file as JSON has it, by YAML's core schema.
    private func value(_ node: Node) -> Any {
        switch node {
        case .mapping(let mapping):
            Dictionary(mapping.map { ($0.key.scalar?.string ?? "", value($0.value)) }) { first, _ in first }
        case .sequence(let sequence): sequence.map(value)
        case .scalar(let scalar): scalar.style == .plain ? plain(scalar.string) : scalar.string
        case .alias: NSNull()
        }
    }

    private func plain(_ text: String) -> Any {
        if ["", "~", "null"].contains(text) { return NSNull() }
        if ["true", "false"].contains(text) { return text == "true" }
        if let number = Int(text) { return number }
        return Double(text) ?? text as Any
    }

    private func problems(_ text: String) throws -> [String] {
        checker.problems(value(try #require(try Yams.compose(yaml: text))))
    }

    @Test func everyShippedFileConforms() throws {
        let folder = Goldens.packageRoot.appending("pipelines")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.string).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 4)
        for name in names {
            let text = String(decoding: try readFile(folder.appending(name), limit: 1 << 20), as: UTF8.self)
            #expect(try problems(text) == [], "\(name)")
        }
        #expect(try problems(TinyPipeline().yaml) == [])
    }

    /// One table makes the schema, the reference and the messages.
    @Test func everySettingOfEveryKindIsInIt() throws {
        let step = try #require(checker.definitions["step"] as? [String: Any])
        let properties = try #require(step["properties"] as? [String: [String: Any]])
        #expect(Set(properties.keys) == Set(["id", "matrix"] + StepKinds.names))
        for kind in StepKinds.settings {
            let settings = try #require(properties[kind.kind]?["properties"] as? [String: [String: Any]])
            #expect(Set(settings.keys) == Set(kind.settings.map(\.key)), "\(kind.kind)")
            for setting in kind.settings {
                let words = settings[setting.key]?["description"] as? String ?? ""
                #expect(words.hasPrefix(setting.meaning), "\(kind.kind): \(setting.key)")
            }
        }
    }

    @Test func expressionsMatricesImportsAndModelsConform() throws {
        #expect(
            try problems(
                """
                pipeline: "${{ vars.name }}-x"
                version: ${{ env.VERSION }}
                vars: { name: phi, context: 512, flag: true }
                import: [common.yaml]
                models: { small: { source: a }, large: { source: b, name: big, lora: [{ folder: c, scale: 0.5 }] } }
                steps:
                  - import: more.yaml
                  - { id: f16, convert: { type: F16, keep: "${{ vars.flag }}", pad-vocab: x64 } }
                  - id: builds
                    matrix: { type: [q8_0, q4_0], exclude: [{ type: q8_0 }] }
                    quantize: { model: f16, types: ["${{ matrix.type }}", auto-3.5bpw], prune-layers: [1, 2], tensor-types: { ffn: Q6_K } }
                  - { id: own, quantize: { model: f16, types: mine, recipes: { mine: { base: q4_k_m, tensors: t.txt } } } }
                  - { id: v, validate: { builds: builds, text: t, context: "${{ vars.context }}", chunks: ~,
                      gates: { q4_0: { max-mean-kld: 0.1, min-same-top: 90.5% } } } }
                  - { id: out, publish: { builds: builds, measures: [v] } }
                """
            ) == []
        )
    }

    @Test(arguments: [
        ("convert: { type: f17 }", "anyOf"), ("convert: { typ: f16 }", "no typ"),
        ("convert: { keep: perhaps }", "anyOf"),
        ("imatrix: { model: f16 }", "needs text"), ("imatrix: { model: f16, text: t, context: 1 }", "anyOf"),
        ("quantize: { model: f16, types: [q4_m_k] }", "anyOf"),
        ("quantize: { model: f16, types: q8_0, pure: 1 }", "anyOf"),
        ("validate: { builds: b, text: t, gates: { q8_0: { max-kld: 1 } } }", "anyOf"), ("convrt: {}", "no convrt"),
        ("convert: {}, fit: { builds: x }", "oneOf"),
    ])
    func whatFilesMayNotSayDoesNotConform(_ step: String, _ word: String) throws {
        let found = try problems(WrongFile.head + "  - { id: x, \(step) }\n")
        #expect(found.contains { $0.hasSuffix(word) }, "\(found)")
    }

    /// What the reader says of a file as a whole, and the schema of its parts.
    @Test func wrongHeadsDoNotConform() throws {
        for text in ["{}", "pipeline: p\nversion: 1.0\nmodel: { source: m }\nsteps: [{ id: a, convert: {} }]\n", "[]"] {
            #expect(try problems(text).isEmpty == false, "\(text)")
        }
    }

    @Test func importedFilesHaveASchemaOfTheirOwn() throws {
        let imported = try SchemaChecker(StepKinds.schema.json(of: .imported))
        let right = try #require(try Yams.compose(yaml: "vars: { a: 1 }\nsteps: [{ id: f16, convert: {} }]\n"))
        let wrong = try #require(try Yams.compose(yaml: "pipeline: p\nsteps: [{ id: f16, convert: {} }]\n"))
        #expect(imported.problems(value(right)) == [])
        #expect(imported.problems(value(wrong)) == [": no pipeline"])
    }
}
