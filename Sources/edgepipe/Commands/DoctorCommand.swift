import Answers
import ArgumentParser
import Pipeline

struct DoctorCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Report versions, processor, memory, disk and registry, to paste into an issue.",
        discussion: """
            EXAMPLES
              edgepipe doctor
              edgepipe doctor --registry /data/registry.db --format markdown
            """
    )

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let report = DoctorReport(registry: try registry.file)
        try records.print(report) { format in
            let rows = report.lines.map { [$0.isFine ? "ok" : "LOOK", $0.topic, $0.finding] }
            return Table(columns: ["", "edgepipe", report.version], rows: rows).text(format)
        }
        guard report.isFine else { throw ExitCode(ExitStatus.failed) }
    }
}
