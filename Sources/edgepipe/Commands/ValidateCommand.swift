import ArgumentParser
import Pipeline
import Steps

struct ValidateCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check a pipeline file: all errors at once, each with its location.",
        discussion: """
            EXAMPLES
              edgepipe validate pipelines/phi3.yaml
              edgepipe validate pipelines/phi3.yaml --set vars.context=2048
            """
    )

    @OptionGroup var pipeline: PipelineFileOptions

    @OptionGroup var records: OutputOptions

    /// The contents of a valid file.
    private struct Report: Encodable {
        let pipeline: String
        let version: String
        let steps: [String]
    }

    func run() throws {
        let file = try pipeline.read()
        let reports = try pipeline.definitions(of: file).map { definition in
            Report(
                pipeline: definition.name,
                version: definition.version,
                steps: definition.steps.map { $0.id }
            )
        }
        try records.print(reports, of: file, separator: "\n") { report, _ in
            "\(pipeline.file): \(report.pipeline) \(report.version), \(report.steps.count) steps, no errors"
        }
    }
}
