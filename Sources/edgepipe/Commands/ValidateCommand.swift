import ArgumentParser
import Pipeline
import Settings
import Steps
import SystemPackage

struct ValidateCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a pipeline file: all errors at once, each with its location.",
        discussion: """
            EXAMPLES
              edgepipe validate pipelines/phi3.yaml
            """
    )

    @Argument(help: "The pipeline file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(help: ArgumentHelp("Override a setting of the file.", valueName: "key=value"))
    var set: [String] = []

    @OptionGroup var records: OutputOptions

    /// What a sound file describes.
    private struct Report: Encodable {
        let pipeline: String
        let version: String
        let steps: [String]
    }

    func run() throws {
        let definition = try PipelineDefinition(path: FilePath(file), overrides: set)
        let report = Report(
            pipeline: definition.name,
            version: definition.version,
            steps: definition.steps.map { $0.id }
        )
        try records.print(report) { _ in
            "\(file): \(report.pipeline) \(report.version), \(report.steps.count) steps, no errors"
        }
    }
}
