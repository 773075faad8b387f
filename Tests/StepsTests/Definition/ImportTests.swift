import BinaryIO
import Foundation
import Pipeline
import Settings
import Steps
import SystemPackage
import TestSupport
import Testing

@Suite struct ImportTests {
    private let folder: ScratchFolder
    private static let head = "pipeline: p\nversion: 1.0.0\nmodel: { source: m }\n"

    init() throws { folder = try ScratchFolder() }

    private func read(_ text: String, _ overrides: [String] = []) throws -> PipelineDefinition {
        try PipelineDefinition(path: try folder.write(text, to: "main/p.yaml"), overrides: overrides)
    }

    /// What is said, with the file's name.
    private func problems(_ text: String) throws -> [String] {
        let error = try #require(throws: SettingsError.self) { try read(text) }
        return error.diagnostics.map { problem in
            let file = (problem.file ?? error.path).lastComponent?.string ?? ""
            return "\(file):\(problem.place.line):\(problem.place.column): \(problem.message)"
        }
    }

    @Test func stepsStandBeforeOrInTheirPlaceAndPathsStartFromTheirFile() throws {
        try folder.write(
            "vars: { size: 64 }\nsteps:\n  - { id: f16, convert: { type: f16 } }\n",
            to: "main/common.yaml"
        )
        try folder.write(
            """
            steps:
              - id: quality
                validate: { builds: builds, text: sample.txt, context: "${{ vars.size }}" }
            """,
            to: "main/shared/quality.yaml"
        )
        let text =
            Self.head + """
                import: [common.yaml]
                steps:
                  - { id: builds, quantize: { model: f16, types: [q8_0] } }
                  - import: shared/quality.yaml
                  - { id: out, publish: { builds: builds } }

                """
        let definition = try read(text)
        #expect(definition.steps.map(\.id) == ["f16", "builds", "quality", "out"])
        let quality = try #require(definition.step("quality"))
        #expect((quality.settings as? ValidateSettings)?.context == 64)
        #expect(quality.path("sample.txt") == folder.appending("main/shared/sample.txt"))
        #expect(definition.step("builds")?.path("x") == folder.appending("main/x"))
        #expect(
            (try read(text, ["quality.context=128"]).step("quality")?.settings as? ValidateSettings)?.context == 128
        )
        #expect((try read(text, ["vars.size=32"]).step("quality")?.settings as? ValidateSettings)?.context == 32)
    }

    @Test func theImportingFilesVariablesWin() throws {
        try folder.write("vars: { a: 1, b: 1 }\n", to: "main/one.yaml")
        try folder.write("vars: { b: 2 }\nimport: one.yaml\n", to: "main/two.yaml")
        let steps = "steps: [{ id: 'x${{ vars.a }}${{ vars.b }}${{ vars.c }}', convert: {} }]\n"
        #expect(try read(Self.head + "import: two.yaml\nvars: { c: 3 }\n" + steps).steps.map(\.id) == ["x123"])
        #expect(try read(Self.head + "import: two.yaml\nvars: { b: 4, c: 3 }\n" + steps).steps.map(\.id) == ["x143"])
    }

    @Test func importedFilesCountForTheDigest() throws {
        let text = Self.head + "import: more.yaml\n"
        try folder.write("steps: [{ id: f16, convert: {} }]\n", to: "main/more.yaml")
        let first = try read(text).digest
        #expect(try read(text).digest == first)
        try folder.write("steps: [{ id: f16, convert: {} }] # more\n", to: "main/more.yaml")
        #expect(try read(text).digest != first)
    }

    @Test func whatIsWrongInAnImportedFileIsToldThere() throws {
        try folder.write(
            "vars: { a: [1] }\nstep: []\nsteps:\n  - { id: b, convert: { type: f17 } }\n",
            to: "main/more.yaml"
        )
        let error = try #require(throws: SettingsError.self) {
            try read(Self.head + "licence: mit\nimport: more.yaml\n")
        }
        let path = folder.appending("main")
        #expect(
            error.description == """
                \(path)/p.yaml:4:1: the pipeline has no setting 'licence'. Known here: pipeline, version, model, steps, models, vars, import.
                    licence: mit
                    ^
                \(path)/more.yaml:1:12: the variable 'a' must be a text, a number or a truth value.
                    vars: { a: [1] }
                               ^
                \(path)/more.yaml:2:1: an imported file has no setting 'step'. Did you mean 'steps'? Known here: import, vars, steps.
                    step: []
                    ^
                \(path)/more.yaml:4:31: 'f17' is not a known type to convert to. Did you mean 'f16'? Known here: auto, f32, f16, bf16, q8_0.
                      - { id: b, convert: { type: f17 } }
                                                  ^
                """
        )
    }

    @Test func aFileThatIsNotThereOrNotTextIsToldAtTheImportingLine() throws {
        let path = folder.appending("main/none.yaml")
        #expect(
            try problems(Self.head + "import: [none.yaml]\n").first?.hasPrefix("p.yaml:4:10: \(path): cannot open")
                == true
        )
        try folder.write([0x61, 0xff], to: "main/bytes.yaml")
        #expect(
            try problems(Self.head + "import: bytes.yaml\n").first
                == "bytes.yaml:1:2: the file is not valid UTF-8 here. Save it as UTF-8."
        )
        try folder.write("- a\n", to: "main/list.yaml")
        #expect(
            try problems(Self.head + "steps:\n  - import: list.yaml\n")
                == ["list.yaml:1:1: an imported file must be a mapping of settings, `key: value`."]
        )
        try folder.write("vars: {}\n", to: "main/nothing.yaml")
        #expect(
            try problems(Self.head + "import: nothing.yaml\n")
                == ["p.yaml:4:9: the pipeline has no steps: the files that it imports hold none. Add one."]
        )
    }

    @Test func circlesAreRefused() throws {
        try folder.write("import: p.yaml\n", to: "main/a.yaml")
        #expect(
            try problems(Self.head + "import: a.yaml\nsteps: [{ id: f16, convert: {} }]\n") == [
                "a.yaml:1:9: the imports go in a circle: p.yaml, a.yaml, p.yaml. Take one of them out."
            ]
        )
        try folder.write("import: [./own.yaml]\n", to: "main/own.yaml")
        #expect(try problems(Self.head + "import: own.yaml\n").first?.contains("own.yaml, own.yaml") == true)
    }

    @Test func depthAndNumberAreBounded() throws {
        for level in 1...9 {
            let text = level < 9 ? "import: f\(level + 1).yaml\n" : "steps: [{ id: f16, convert: {} }]\n"
            try folder.write(text, to: "main/f\(level).yaml")
        }
        #expect(try read(Self.head + "import: f2.yaml\n").steps.map(\.id) == ["f16"])
        #expect(
            try problems(Self.head + "import: f1.yaml\nsteps: [{ id: f16, convert: {} }]\n")
                == ["f8.yaml:1:9: files import each other more than 8 deep. Import this one further up."]
        )
        // Each of eight files imports the next one ten times: a hundred million files if nobody counted.
        for level in 1...8 {
            let next = Array(repeating: "g\(level + 1).yaml", count: 10).joined(separator: ", ")
            try folder.write(level < 8 ? "import: [\(next)]\n" : "vars: { a: 1 }\n", to: "main/g\(level).yaml")
        }
        let many = try problems(Self.head + "import: g1.yaml\nsteps: [{ id: f16, convert: {} }]\n")
        #expect(many.count == 1 && many[0].hasSuffix("the pipeline imports more than 64 files. Put some together."))
    }

    @Test func theBytesOfAllImportsAreBounded() throws {
        let comment = String(repeating: "# \(String(repeating: "x", count: 97))\n", count: 10_000)
        for number in 0..<5 { try folder.write("vars: { a: 1 }\n" + comment, to: "main/h\(number).yaml") }
        let files = (0..<5).map { "h\($0).yaml" }.joined(separator: ", ")
        let found = try problems(Self.head + "import: [\(files)]\nsteps: [{ id: f16, convert: {} }]\n")
        #expect(found == ["p.yaml:4:46: the imported files have more than 4194304 bytes. Import less."])
    }

    @Test func filesOutsideOfTheProjectAreRefused() throws {
        try folder.write("steps: [{ id: f16, convert: {} }]\n", to: "other.yaml")
        let root = folder.path.resolvingLinks()
        let message = "is outside of the project, \(root)/main. Import files from there only."
        #expect(try problems(Self.head + "import: ../other.yaml\n").first == "p.yaml:4:9: '../other.yaml' \(message)")
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("main/link.yaml").string,
            withDestinationPath: "../other.yaml"
        )
        #expect(try problems(Self.head + "import: link.yaml\n").first == "p.yaml:4:9: 'link.yaml' \(message)")
        #expect(try problems(Self.head + "import: /etc/passwd\n").first?.contains("is outside of the project") == true)
        // A repository around both makes them one project.
        try folder.write("", to: ".git/HEAD")
        #expect(try read(Self.head + "import: ../other.yaml\n").steps.map(\.id) == ["f16"])
        #expect(try read(Self.head + "import: link.yaml\n").steps.map(\.id) == ["f16"])
    }

    @Test(arguments: [
        ("import: [1, { a: b }]\n", ["4:13: 'import' must be the path of a file, or a list of paths."]),
        ("import: ''\n", ["4:9: 'import' must be the path of a file, or a list of paths."]),
        ("import: 'a${{ vars.x }}'\n", ["4:9: files are imported before variables are known. Write the path out."]),
        (
            "steps:\n  - { id: f16, convert: {} }\n  - { import: a, id: b }\n",
            ["6:18: an import has no setting 'id'. Known here: import."]
        ),
    ])
    func whatIsNoPathIsRefused(_ text: String, _ wanted: [String]) throws {
        let found = try problems(Self.head + text).map { $0.replacing("p.yaml:", with: "") }
        #expect(wanted.allSatisfy(found.contains), "\(found)")
    }
}
