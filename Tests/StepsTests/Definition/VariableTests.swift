import Pipeline
import Settings
import Steps
import SystemPackage
import Testing

/// `vars`, `env` and what stands in their places.
@Suite struct VariableTests {
    private static let head = "pipeline: p\nversion: 1.0.0\nmodel: { source: m }\n"

    /// A file with variables, and a step that measures with them.
    private func text(_ vars: String, context: String = "512", text: String = "t") -> String {
        Self.head + "vars: { \(vars) }\n" + """
            steps:
              - { id: f16, convert: { type: f16 } }
              - id: quality
                validate:
                  builds: f16
                  text: \(text)
                  context: \(context)

            """
    }

    private func file(
        _ text: String,
        _ overrides: [String] = [],
        environment: [String: String] = [:]
    ) throws -> PipelineDefinition {
        let kinds = StepKinds.settings
        let file = try PipelineFile(
            text: text,
            path: "p.yaml",
            overrides: overrides,
            kinds: kinds,
            environment: environment
        )
        return try #require(file.definitions.first)
    }

    private func problems(_ text: String, environment: [String: String] = [:]) throws -> [String] {
        let error = try #require(throws: SettingsError.self) { try file(text, environment: environment) }
        return error.diagnostics.map { "\($0.place.line):\($0.place.column): \($0.message)" }
    }

    private func quality(_ definition: PipelineDefinition) throws -> ValidateSettings {
        try #require(definition.step("quality")?.settings as? ValidateSettings)
    }

    @Test func aScalarThatIsOneExpressionTakesTheValuesType() throws {
        let settings = try quality(
            try file(text("size: 256, name: sample", context: "${{ vars.size }}", text: "'texts/${{ vars.name }}.txt'"))
        )
        #expect(settings.context == 256)
        #expect(settings.text == "texts/sample.txt")
    }

    @Test func aNullVariableLeavesASettingOut() throws {
        #expect(try quality(try file(text("size: ~", context: "${{ vars.size }}"))).context == 512)
        let quoted = try problems(text("size: 'null'", context: "${{ vars.size }}"))
        #expect(quoted == ["11:16: 'context' must be a whole number from 4 to 1048576."])
    }

    @Test func variablesMayNameOthersAndAreReplacedFromOutside() throws {
        let words = text("name: 'v${{ vars.number }}', number: 1", text: "${{ vars.name }}.txt")
        #expect(try quality(try file(words)).text == "v1.txt")
        #expect(try quality(try file(words, ["vars.number=2"])).text == "v2.txt")
        #expect(try quality(try file(words, ["vars.name=x"])).text == "x.txt")
        #expect(try quality(try file(words, ["quality.text=${{ vars.name }}"])).text == "v1")
    }

    @Test func headAndKeysMayHoldExpressionsToo() throws {
        let definition = try file(
            """
            pipeline: ${{ vars.name }}-mini
            version: ${{ vars.version }}
            model: { source: "hf://a/${{ vars.name }}", tags: ["${{ vars.name }}"] }
            vars: { name: phi, version: 1.10.0, type: q8_0 }
            steps:
              - { id: f16, convert: { type: f16 } }
              - { id: "${{ vars.name }}", quantize: { model: f16, types: ["${{ vars.type }}"] } }
              - id: quality
                validate:
                  { builds: phi, text: t, gates: { "${{ vars.type }}": { max-perplexity: 9 } } }
            """
        )
        #expect((definition.name, definition.version) == ("phi-mini", "1.10.0"))
        #expect(definition.source == "hf://a/phi" && definition.tags == ["phi"])
        #expect(try quality(definition).gates["q8_0"]?.maxPerplexity == 9)
    }

    @Test func theEnvironmentCountsForTheDigestWhereItIsNamed() throws {
        let words = text("", text: "${{ env.TEXT }}")
        let one = try file(words, environment: ["TEXT": "a", "OTHER": "b"])
        #expect(try quality(one).text == "a")
        #expect(try file(words, environment: ["TEXT": "a", "OTHER": "c"]).digest == one.digest)
        #expect(try file(words, environment: ["TEXT": "b"]).digest != one.digest)
        // What a variable of the environment holds is a text, and no expression.
        #expect(try quality(try file(words, environment: ["TEXT": "${{ vars.x }}"])).text == "${{ vars.x }}")
    }

    @Test(arguments: [
        ("a: 1", "${{ vars.sise }}", "11:16: there is no variable 'sise'. Known here: a."),
        ("size: 1", "${{ vars.sise }}", "11:16: there is no variable 'sise'. Did you mean 'size'? Known here: size."),
        ("", "1${{ vars.a }}", "11:17: there is no variable 'a'. Add it to 'vars'."),
        ("", "${{ env.HOMME }}", "11:16: the environment has no variable 'HOMME'. Did you mean 'HOME'?"),
        ("", "${{ env.ZZ }}", "11:16: the environment has no variable 'ZZ'. Set it, or use a variable of the file."),
        (
            "", "${{ var.a }}",
            "11:16: 'var' holds no values. Did you mean 'vars'? Known here: vars, env, matrix, model."
        ),
        ("", "${{ vars.a", "11:16: '${{' is not closed. End the expression with '}}'."),
        ("", "${{ a }}", "11:16: '${{ a }}' is not an expression. Write one name, such as ${{ vars.context }}."),
        (
            "", "${{ matrix.a }}",
            "11:16: '${{ matrix.a }}' is known inside of a step with a 'matrix' only. Add one to the step."
        ),
        (
            "", "${{ model.name }}",
            "11:16: '${{ model.name }}' is known in files with several 'models' only. Write the name out."
        ),
        ("a: many", "${{ vars.a }}", "11:16: 'context' must be a whole number from 4 to 1048576."),
        ("a: [1]", "4", "4:12: the variable 'a' must be a text, a number or a truth value."),
        ("a b: 1", "4", "4:9: the variable 'a b' may hold letters, digits, '-' and '_' only."),
    ])
    func whatIsWrongIsToldOnceAtItsPlace(_ vars: String, _ context: String, _ problem: String) throws {
        #expect(try problems(text(vars, context: context), environment: ["HOME": "/"]) == [problem])
    }

    @Test func circlesAndChainsEnd() throws {
        let circle = try problems(text("a: '${{ vars.b }}', b: '${{ vars.c }}', c: '${{ vars.b }}'"))
        #expect(circle == ["4:53: the variables go in a circle: b, c, b. Give one of them a value."])
        let own = try problems(text("a: 'x${{ vars.a }}'", context: "${{ vars.a }}"))
        #expect(own == ["4:14: the variables go in a circle: a, a. Give one of them a value."])
        let chain = (0..<99).map { "v\($0 + 100): '${{ vars.v\($0 + 101) }}'" } + ["v199: 1"]
        let long = try problems(text(chain.joined(separator: ", ")))
        #expect(
            !long.isEmpty
                && long.allSatisfy {
                    $0.hasSuffix("variables lead to each other more than 32 times in a row. Shorten the chain.")
                }
        )
    }

    @Test func textThatDoublesWithEachVariableIsRefused() throws {
        let doubling = (1..<30).map { "v\($0): '${{ vars.v\($0 - 1) }}${{ vars.v\($0 - 1) }}'" }
        let found = try problems(text((["v0: abcdefgh"] + doubling).joined(separator: ", ")))
        #expect(found.count == 1 && found[0].contains("stand for more than 1048576 bytes"), "\(found)")
    }

    @Test func overridesOfVariablesThatAreNotThereAreRefused() throws {
        func message(_ vars: String, _ override: String) throws -> [String] {
            let error = try #require(throws: SettingsError.self) { try file(text(vars), [override]) }
            return error.diagnostics.map(\.message)
        }
        #expect(
            try message("size: 1", "vars.sise=2") == [
                "the override 'vars.sise=2' names no variable. Did you mean 'size'? Known here: size."
            ]
        )
        #expect(try message("", "vars.a=2") == ["the override 'vars.a=2' names no variable. The file has none."])
        #expect(
            try message("a: 1", "vars.a=[2]") == [
                "the override 'vars.a=[2]' must have a text, a number or a truth value."
            ]
        )
    }

    @Test func anExpressionInBracketsWithoutQuotesIsExplained() throws {
        let found = try problems(
            Self.head + "vars: { a: q8_0 }\nsteps:\n  - { id: f16, convert: { type: ${{ vars.a }} } }\n"
        )
        #expect(found.count == 1 && found[0].hasSuffix("Put expressions inside of [ ] and { } in quotes."), "\(found)")
    }
}
