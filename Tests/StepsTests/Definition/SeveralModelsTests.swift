import Pipeline
import Settings
import Steps
import SystemPackage
import Testing

/// `models:` in the place of `model:`, a pipeline for each.
@Suite struct SeveralModelsTests {
    private static let text = """
        pipeline: phi
        version: 1.0.0
        models:
          small: { source: hf://a/small, license: mit }
          large: { source: "hf://a/${{ model.name }}", name: phi-big, tags: [chat] }
        steps:
          - { id: f16, convert: { type: f16 } }
          - { id: m, imatrix: { model: f16, text: "${{ model.name }}.txt" } }

        """

    private func file(_ text: String = text, _ overrides: [String] = []) throws -> PipelineFile {
        try PipelineFile(text: text, path: "p.yaml", overrides: overrides, kinds: StepKinds.settings)
    }

    private func problems(_ text: String) throws -> [String] {
        let error = try #require(throws: SettingsError.self) { try file(text) }
        return error.diagnostics.map { "\($0.place.line):\($0.place.column): \($0.message)" }
    }

    @Test func eachModelHasAPipelineOfItsOwn() throws {
        let file = try file()
        #expect(file.namesModels)
        #expect(file.definitions.map(\.name) == ["phi-small", "phi-big"])
        #expect(file.definitions.map(\.model) == ["small", "large"])
        #expect(file.definitions.map(\.source) == ["hf://a/small", "hf://a/large"])
        #expect(file.definitions.map(\.license) == ["mit", "unknown"])
        #expect(file.definitions.map(\.tags) == [[], ["chat"]])
        #expect(
            file.definitions.map { ($0.step("m")?.settings as? ImatrixSettings)?.text } == ["small.txt", "large.txt"]
        )
        #expect(Set(file.definitions.map(\.digest)).count == 2)
    }

    @Test func modelsAreChosenByName() throws {
        let file = try file()
        #expect(try file.definitions(of: ["large"]).map(\.name) == ["phi-big"])
        #expect(try file.definitions(of: ["large", "small"]).map(\.name) == ["phi-small", "phi-big"])
        let unknown = try #require(throws: PipelineError.self) { try file.definitions(of: ["smal"]) }
        #expect(
            "\(unknown)" == "the pipeline file has no model 'smal'. Did you mean 'small'? Known here: small, large."
        )
        #expect(throws: PipelineError.self) { try PipelineDefinition(text: Self.text, path: "p.yaml") }
    }

    /// A name that YAML would take for a number or a truth value is a name.
    @Test(arguments: ["1", "'1'", "yes", "\"true\"", "null"])
    func aModelMayHaveAnyName(_ name: String) throws {
        let text =
            "pipeline: p\nversion: 1.0.0\nmodels: { \(name): { source: m } }\nsteps:\n  - { id: f16, convert: {} }\n"
        #expect(try file(text).definitions.map(\.source) == ["m"])
    }

    @Test func aModelsSettingsAreReplacedFromOutside() throws {
        let changed = try file(Self.text, ["models.small.source=there", "version=1.1.0"])
        #expect(changed.definitions.map(\.source) == ["there", "hf://a/large"])
        let error = try #require(throws: SettingsError.self) {
            try file(Self.text, ["model.source=x", "models.tiny.source=x"])
        }
        #expect(error.diagnostics.count == 2)
    }

    @Test(arguments: [
        ("models: {}", "3:9: 'models' must be a mapping from names to models, each with its 'source'."),
        ("models: [a]", "3:9: 'models' must be a mapping from names to models, each with its 'source'."),
        ("models: { a: b }", "3:14: the model 'a' must be a mapping of settings, `key: value`."),
        ("models: { a: {} }", "3:14: the model 'a' needs the setting 'source'. Add it."),
        ("models: { a b: { source: m } }", "3:11: the model's name 'a b' may hold letters, digits, '-' and '_' only."),
        (
            "models: { a: { source: m, sorce: n } }",
            "3:27: the model 'a' has no setting 'sorce'. Did you mean 'source'? Known here: source, license, lora, tags, name."
        ),
        (
            "models: { a: { source: m } }\nmodel: { source: n }",
            "4:8: 'model' and 'models' do not go together. Give one of them."
        ),
        (
            "models: { A: { source: m } }",
            "1:11: \"p-A\" cannot be the name of a model. Use small letters, digits, dots, underscores and hyphens, beginning with a letter or digit."
        ),
    ])
    func modelsThatAreNoneAreRefused(_ models: String, _ problem: String) throws {
        let text = "pipeline: p\nversion: 1.0.0\n\(models)\nsteps:\n  - { id: f16, convert: {} }\n"
        #expect(try problems(text) == [problem])
    }

    /// The steps are read for each model, and what is wrong with them is told once.
    @Test func mistakesOfAllModelsAreToldOnce() throws {
        let found = try problems(Self.text.replacing("type: f16", with: "type: f17"))
        #expect(found.count == 1)
    }

    @Test func hostileNumbersOfModelsAreRefused() throws {
        let models = (0..<65).map { "m\($0): { source: m }" }.joined(separator: ", ")
        let text = "pipeline: p\nversion: 1.0.0\nmodels: { \(models) }\nsteps:\n  - { id: f16, convert: {} }\n"
        #expect(try problems(text) == ["3:9: the file has more than 64 models. Split it."])
    }
}
