import Pipeline
import Quantization
import Settings
import Steps
import TestSupport
import Testing

/// Steps that stand for several, one for each combination of values.
@Suite struct MatrixTests {
    private static let head = WrongFile.head + "  - { id: f16, convert: { type: f16 } }\n"

    private func steps(_ text: String) throws -> [PipelineDefinition.Step] { try definition(Self.head + text).steps }

    private func problems(_ text: String) throws -> [String] { try diagnostics(of: Self.head + text) }

    @Test func aStepHasOneForEachCombination() throws {
        let steps = try steps(
            """
              - id: builds
                matrix: { type: [q8_0, q4_0], pure: [true, false] }
                quantize: { model: f16, types: ["${{ matrix.type }}"], pure: "${{ matrix.pure }}" }
            """
        )
        #expect(
            steps.map(\.id) == [
                "f16", "builds@q8_0-true", "builds@q8_0-false", "builds@q4_0-true", "builds@q4_0-false",
            ]
        )
        #expect(steps.map(\.group) == ["f16", "builds", "builds", "builds", "builds"])
        let settings = steps.compactMap { $0.settings as? QuantizeSettings }
        #expect(settings.map { $0.types.map(\.tag) } == [["q8_0"], ["q8_0"], ["q4_0"], ["q4_0"]])
        #expect(settings.map(\.options.pure) == [true, false, true, false])
    }

    @Test func combinationsAreExcludedAndIncluded() throws {
        let steps = try steps(
            """
              - id: fit
                matrix:
                  kv: [f16, q8_0]
                  context: [512, 1024]
                  exclude: [{ kv: q8_0, context: 512 }, { context: 1024, kv: f16 }]
                  include: [{ context: 2048, kv: q4_0 }]
                fit: { builds: f16, context: "${{ matrix.context }}", kv-type: "${{ matrix.kv }}" }
            """
        )
        #expect(steps.dropFirst().map(\.id) == ["fit@f16-512", "fit@q8_0-1024", "fit@q4_0-2048"])
    }

    /// What follows a matrix step follows it one to one, and needs no matrix of its own.
    @Test func stepsThatNameAMatrixStepFollowItOneToOne() throws {
        let steps = try steps(
            """
              - id: builds
                matrix: { type: [q8_0, q4_0] }
                quantize: { model: f16, types: ["${{ matrix.type }}"] }
              - id: fit
                matrix: { context: [512, 1024] }
                fit: { builds: builds, context: "${{ matrix.context }}" }
              - { id: quality, validate: { builds: builds, text: "${{ matrix.type }}.txt" } }
              - { id: out, publish: { builds: builds, measures: [quality, fit] } }
            """
        )
        #expect(
            steps.map(\.id) == [
                "f16", "builds@q8_0", "builds@q4_0",
                "fit@q8_0-512", "fit@q8_0-1024", "fit@q4_0-512", "fit@q4_0-1024",
                "quality@q8_0", "quality@q4_0", "out@q8_0", "out@q4_0",
            ]
        )
        let needs = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0.settings.needs) })
        #expect(needs["fit@q4_0-512"] == ["builds@q4_0"])
        #expect(needs["quality@q4_0"] == ["builds@q4_0"])
        #expect(needs["out@q4_0"] == ["builds@q4_0", "quality@q4_0", "fit@q4_0-512", "fit@q4_0-1024"])
        #expect((steps[7].settings as? ValidateSettings)?.text == "q8_0.txt")
    }

    /// One list of gates serves all steps of a matrix.
    @Test func gatesMayNameBuildsOfTheOtherSteps() throws {
        let text = """
              - { id: builds, matrix: { type: [q8_0, q4_0] }, quantize: { model: f16, types: ["${{ matrix.type }}"] } }
              - { id: v, validate: { builds: builds, text: t, gates: { q8_0: { max-perplexity: 9 }, q4_0: { max-perplexity: 9 } } } }

            """
        #expect(try steps(text).map(\.id) == ["f16", "builds@q8_0", "builds@q4_0", "v@q8_0", "v@q4_0"])
        let problems = try problems(text.replacing("q4_0: { max", with: "q4_1: { max"))
        #expect(
            problems.count == 2 && problems.allSatisfy { $0.contains("makes no build 'q4_1'. Did you mean 'q4_0'?") }
        )
    }

    @Test func ofTwoMatrixStepsThoseMeetThatAgree() throws {
        let steps = try steps(
            """
              - { id: m, matrix: { chunks: [1, 2] }, imatrix: { model: f16, text: t, chunks: "${{ matrix.chunks }}" } }
              - id: builds
                matrix: { chunks: [2, 1], type: [q8_0, q4_0], exclude: [{ chunks: 2, type: q8_0 }] }
                quantize: { model: f16, imatrix: m, types: ["${{ matrix.type }}"] }
            """
        )
        let builds = steps.filter { $0.group == "builds" }
        #expect(builds.map(\.id) == ["builds@1-q8_0", "builds@1-q4_0", "builds@2-q4_0"])
        #expect(builds.map(\.settings.needs) == [["f16", "m@1"], ["f16", "m@1"], ["f16", "m@2"]])
    }

    @Test func oneStepOfAMatrixIsNamedByItsOwnId() throws {
        let steps = try steps(
            """
              - { id: m, matrix: { damping: [0.1, a/b] }, imatrix: { model: f16, text: "${{ matrix.damping }}" } }
              - { id: builds, quantize: { model: f16, imatrix: m@0.1, types: [q8_0] } }
            """
        )
        #expect(steps.map(\.id) == ["f16", "m@0.1", "m@a_b", "builds"])
        #expect(steps.last?.settings.needs == ["f16", "m@0.1"])
    }

    @Test func anOverrideReachesAllStepsOfAMatrix() throws {
        let text =
            Self.head
            + "  - { id: fit, matrix: { c: [512, 1024] }, fit: { builds: f16, context: '${{ matrix.c }}' } }\n"
        let kinds = try definition(text, ["fit.kv-type=q8_0"]).steps.compactMap {
            ($0.settings as? FitSettings)?.kvType
        }
        #expect(kinds == ["q8_0", "q8_0"])
    }

    @Test(arguments: [
        ("matrix: 3", "6:22: 'matrix' must be a mapping from names to lists of values."),
        ("matrix: {}", "6:22: the matrix has no combination. Give at least one."),
        ("matrix: { a: 1 }", "6:27: 'a' must be a list of values, such as [q8_0, q4_k_m]."),
        ("matrix: { a: [] }", "6:27: 'a' must be a list of values, such as [q8_0, q4_k_m]."),
        ("matrix: { a: [1, [2]] }", "6:31: a value of 'a' must be a text, a number or a truth value."),
        ("matrix: { a: [1, ~] }", "6:31: a value of 'a' must be a text, a number or a truth value."),
        ("matrix: { a: [1, 2, 1] }", "6:34: the value '1' appears twice. Give each once."),
        ("matrix: { a.b: [1] }", "6:29: the matrix's name 'a.b' may hold letters, digits, '-' and '_' only."),
        ("matrix: { a: [a/b, a+b] }", "6:5: two combinations of the matrix make the id 'c@a_b'. Change a value."),
        (
            "matrix: { a: [1], exclude: [{ a: 2 }] }",
            "6:42: no combination has these values, so nothing is excluded. Correct them."
        ),
        ("matrix: { a: [1], exclude: [{ a: 1 }] }", "6:22: the matrix has no combination. Give at least one."),
        (
            "matrix: { aa: [1], exclude: [{ ab: 1 }] }",
            "6:45: 'exclude' has no setting 'ab'. Did you mean 'aa'? Known here: aa."
        ),
        (
            "matrix: { a: [1], include: [{ a: 1 }] }",
            "6:42: the matrix has this combination already. Leave it out here."
        ),
        (
            "matrix: { a: [1], b: [2], include: [{ a: 2 }] }",
            "6:50: what is included needs a value for 'a' and 'b', and for nothing else."
        ),
        (
            "matrix: { a: [1], include: 3 }",
            "6:41: 'include' must be a list of mappings from the matrix's names to values."
        ),
        (
            "matrix: { a: ['${{ matrix.b }}'] }",
            "6:29: '${{ matrix.b }}' is known inside of a step with a 'matrix' only. Add one to the step."
        ),
    ])
    func aMatrixThatIsNoneIsRefused(_ matrix: String, _ problem: String) throws {
        #expect(
            try problems("  - { id: c, \(matrix), convert: {} }\n") == [problem]
        )
    }

    @Test func whatAStepDoesNotKnowOfItsMatrixIsTold() throws {
        let text = "  - { id: c, matrix: { type: [f16, f32] }, convert: { type: '${{ matrix.tipe }}' } }\n"
        #expect(
            try problems(text) == ["6:62: the step's matrix has no 'tipe'. Did you mean 'type'? Known here: type."]
        )
        // Each step has the mistake; it is told once.
        let wrong =
            "  - { id: c, matrix: { keep: [true, false] }, convert: { type: f17, keep: '${{ matrix.keep }}' } }\n"
        #expect(try problems(wrong).count == 1)
    }

    @Test func absurdMatricesAreRefusedBeforeTheyAreWrittenOut() throws {
        let values = (0..<17).map { "\($0)" }.joined(separator: ", ")
        let two = "  - { id: c, matrix: { a: [\(values)], b: [\(values)] }, convert: {} }\n"
        #expect(
            try problems(two) == [
                "6:22: the matrix has more than 256 combinations. Shorten its lists, or split the step."
            ]
        )
        let meeting = """
              - { id: c, matrix: { a: [\(values)] }, convert: { type: f16 } }
              - { id: m, matrix: { b: [\(values)] }, imatrix: { model: f16, text: t } }
              - { id: q, quantize: { model: c, imatrix: m, types: [q8_0] } }

            """
        let found = try problems(meeting)
        #expect(found.count == 1 && found[0].contains("this step stands for more than 256 steps"))
        let many = (0..<64).map { "  - { id: c\($0), matrix: { a: [\(values)] }, convert: {} }\n" }.joined()
        let total = try problems(many)
        #expect(
            total.count == 1
                && total[0].hasSuffix("the pipeline has more than 1024 steps, matrices written out. Split it.")
        )
    }

    /// Thousands of mistakes in large matrices take no time, and the first are told.
    @Test(.timeLimit(.minutes(1))) func aFileOfMistakesIsReadNoFurther() throws {
        let values = (0..<250).map { "\($0)" }.joined(separator: ", ")
        let wrong = (0..<4000).map {
            "  - { id: c\($0), matrix: { a: [\(values)] }, quantize: { model: 'f${{ matrix.a }}', types: ['${{ matrix.a }}', '${{ x', z] } }\n"
        }
        let clock = ContinuousClock()
        var found: [String] = []
        let duration = try clock.measure { found = try problems(wrong.prefix(2000).joined()) }
        #expect(found.contains { $0.contains("were not read") } && found.count < 2000, "\(found.count)")
        #expect(duration < .seconds(20))
    }

    @Test func matricesWithoutACommonCombinationAreRefused() throws {
        let text = """
              - { id: c, matrix: { a: [1, 2] }, convert: { type: f16 } }
              - { id: f, matrix: { a: [3] }, fit: { builds: c } }
              - { id: out, publish: { builds: f16, measures: [f] } }

            """
        #expect(
            try problems(text) == [
                "7:5: the matrices that meet in this step have no combination in common. Give them the same values."
            ]
        )
    }

    @Test func aBrokenMatrixIsNotToldAgainByWhatNamesIt() throws {
        let text = "  - { id: c, matrix: { a: 1 }, convert: { type: f16 } }\n  - { id: fit, fit: { builds: c } }\n"
        #expect(try problems(text) == ["6:27: 'a' must be a list of values, such as [q8_0, q4_k_m]."])
    }

    @Test func twoBuildsOfOneNameAreRefusedBeforeAnythingRuns() throws {
        let text = """
              - id: builds
                matrix: { pure: [true, false] }
                quantize: { model: f16, types: [q8_0], pure: "${{ matrix.pure }}" }
              - { id: out, publish: { builds: builds } }

            """
        #expect(
            try problems(text) == [
                "9:35: step 'out@true' publishes a build 'q8_0' of this version already, out of 'builds@true'. Publish one of them."
            ]
        )
    }

    @Test func anIdThatIsTakenIsRefused() throws {
        let text = "  - { id: f16, matrix: { a: [1, 2] }, convert: {} }\n"
        #expect(try problems(text) == ["6:11: another step is called 'f16' already. Give each its own id."])
    }
}
