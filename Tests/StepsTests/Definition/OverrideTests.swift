import Pipeline
import Quantization
import Steps
import TestSupport
import Testing

/// `--set KEY=VALUE`: settings from outside, as strict as those of the file.
@Suite struct OverrideTests {
    private func overridden(_ overrides: String...) throws -> PipelineDefinition {
        try definition(TinyPipeline().yaml, overrides)
    }

    @Test func settingsOfThePipelineAndTheModelAreReplaced() throws {
        let changed = try overridden("version=1.10.0", "pipeline=other", "model.source=hf://a/b", "model.license=x=y")
        #expect(changed.version == "1.10.0")
        #expect(changed.name == "other")
        #expect(changed.source == "hf://a/b")
        #expect(changed.license == "x=y")
    }

    @Test func settingsOfAStepAreReplacedOrAdded() throws {
        let changed = try overridden("quality.chunks=7", "builds.types=[q4_0]", "fit.kv-type=q8_0", "builds.pure=true")
        let validate = try #require(changed.step("quality")?.settings as? ValidateSettings)
        let quantize = try #require(changed.step("builds")?.settings as? QuantizeSettings)
        let fit = try #require(changed.step("fit")?.settings as? FitSettings)
        #expect(validate.chunks == 7)
        #expect(quantize.types.map(\.tag) == ["q4_0"])
        #expect(quantize.options.pure)
        #expect(fit.kvType == "q8_0")
    }

    @Test func theLastOfTwoWins() throws {
        #expect(try overridden("version=1.0.1", "version=1.0.2").version == "1.0.2")
    }

    @Test(arguments: ["", "=", "=1", "version", ".=1", "version=", "version=[", "version=}"])
    func whatIsNotKeyAndValueIsRefused(_ override: String) throws {
        let problems = try diagnostics(of: TinyPipeline().yaml, [override])
        #expect(problems == ["1:1: the override '\(override)' is not KEY=VALUE, such as version=1.0.1."])
    }

    @Test(arguments: ["nothing.chunks=1", "chunks=1", "quality.gates.q8_0=1", "steps=[]", "model=x"])
    func whatNamesNoSettingIsRefused(_ override: String) throws {
        let problems = try diagnostics(of: TinyPipeline().yaml, [override])
        #expect(
            problems == ["1:1: the override '\(override)' names no setting of the pipeline, the model or a step."]
        )
    }

    @Test func aWrongValueOrKeyIsReportedAsInTheFile() throws {
        let problems = try diagnostics(of: TinyPipeline().yaml, ["quality.chunks=0", "fit.contxt=2"])
        #expect(
            problems == [
                "1:1: 'chunks' must be a whole number from 1 to 1073741824.",
                "1:1: 'fit' has no setting 'contxt'. Did you mean 'context'? Known here: builds, context, kv-type, devices, gates, projector.",
            ]
        )
    }

    @Test func overridesOfAFileThatIsWrongAnywayDoNotTrap() throws {
        for text in ["pipeline: p\n", "steps: 3\nmodel: 4\n", "steps: [1, { id: a }]\n", "- 1\n"] {
            #expect(try diagnostics(of: text, ["a.b=1", "model.source=x", "version=1.0.0"]).isEmpty == false)
        }
    }
}
