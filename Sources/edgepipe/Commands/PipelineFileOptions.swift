import ArgumentParser
import Pipeline
import Steps
import SystemPackage

/// The pipeline file of a command, and the overrides of one call.
struct PipelineFileOptions: ParsableArguments {
    @Argument(help: "The pipeline file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(
        help: ArgumentHelp(
            "Override a setting of the file, such as version=1.1.0, vars.context=2048 or quality.chunks=10.",
            valueName: "key=value"
        )
    )
    var set: [String] = []

    @Option(help: ArgumentHelp("Only this model of a file with several; may be repeated.", valueName: "name"))
    var model: [String] = []

    @Option(help: ArgumentHelp("Only quantized builds of this type; may be repeated.", valueName: "type"))
    var type: [String] = []

    /// Reads and checks the file.
    func read() throws -> PipelineFile { try PipelineFile(path: FilePath(file), overrides: set) }

    /// Returns the selected pipelines, with the selected builds.
    func definitions(of file: PipelineFile) throws -> [PipelineDefinition] {
        try file.definitions(of: model).map { try $0.building(only: type) }
    }
}

extension OutputOptions {
    /// Prints the results of the pipelines of a file: one record, or a list if the file names its models.
    func print<Record: Encodable>(
        _ records: [Record],
        of file: PipelineFile,
        separator: String = "\n\n",
        tables: (Record, OutputFormat) -> String
    ) throws {
        if !file.namesModels, let record = records.first {
            return try print(record) { tables(record, $0) }
        }
        switch chosen {
        case .json: try Console.print(json: records)
        case .jsonl: for record in records { try Console.print(json: record, isPretty: false) }
        case .table, .csv, .markdown: Console.print(records.map { tables($0, chosen) }.joined(separator: separator))
        }
    }
}
