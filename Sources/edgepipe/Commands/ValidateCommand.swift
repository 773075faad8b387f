import ArgumentParser
import Pipeline
import SystemPackage

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a pipeline file: all errors at once, each with its place.",
        discussion: """
            EXAMPLES
              edgepipe validate pipelines/phi3.yaml
            """
    )

    @Argument(help: "The pipeline file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(help: ArgumentHelp("A setting in place of the file's.", valueName: "key=value"))
    var set: [String] = []

    func run() throws {
        let definition = try PipelineDefinition(path: FilePath(file), overrides: set)
        Console.print("\(file): \(definition.name) \(definition.version), \(definition.steps.count) steps, no errors")
    }
}
