import ArgumentParser
import BinaryIO
import Foundation
import Pipeline
import Registry
import Settings
import Steps
import Work

/// The program: it parses options, makes one call, and prints text.
@main
struct EdgepipeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edgepipe",
        abstract: "Builds language models for phones: convert, quantize, measure, fit, publish, query.",
        discussion: """
            EXAMPLES
              edgepipe run pipelines/quickstart.yaml
              edgepipe query --ram 3GB --platform android
              edgepipe pull tiny-phi3:q4_k_m -o model.gguf

            EXIT STATUS
            \(ExitStatus.allCases.map { "  \($0.rawValue)  \($0.meaning)" }.joined(separator: "\n"))
            """,
        version: Edgepipe.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Pipelines",
                subcommands: [
                    InitCommand.self, RunCommand.self, PlanCommand.self, ValidateCommand.self, LockCommand.self,
                    RunsCommand.self, CacheCommand.self, SchemaCommand.self, EmitCommand.self,
                ]
            ),
            CommandGroup(
                name: "Clusters",
                subcommands: [SubmitCommand.self, StatusCommand.self, CancelCommand.self, ExecStepCommand.self]
            ),
            CommandGroup(
                name: "Answers",
                subcommands: [
                    QueryCommand.self, CompareCommand.self, DiffCommand.self, ReportCommand.self, SnippetCommand.self,
                    FitCommand.self,
                    DevicesCommand.self,
                ]
            ),
            CommandGroup(
                name: "Registry",
                subcommands: [
                    RegistryCommand.self, PullCommand.self, PushCommand.self, ServeCommand.self, ExportCommand.self,
                    DeltaCommand.self, VerifyCommand.self,
                ]
            ),
            CommandGroup(
                name: "Single steps",
                subcommands: [
                    ConvertCommand.self, ImatrixCommand.self, QuantizeCommand.self, PerplexityCommand.self,
                    AccuracyCommand.self, SensitivityCommand.self, FrontierCommand.self, TokenizeCommand.self,
                    GenerateCommand.self,
                    EmbedCommand.self,
                    InspectCommand.self,
                ]
            ),
            CommandGroup(name: "Help", subcommands: [DoctorCommand.self]),
        ]
    )

    static func main() {
        Interruption.listen()
        MappedRanges.explainTruncation()
        SettingStyle.option.within(parseAndRun)
    }

    private static func parseAndRun() {
        do {
            let started = Date()
            var command = try parseAsRoot()
            try command.run()
            if let command = command as? any RecordCommand, command.records.verbose {
                Console.message(Self.usage(since: started))
            }
        } catch {
            guard let status = ExitStatus(error) else { exit(withError: error) }
            // Only these errors have lines of their own, with the place in the file.
            if let error = SettingsError(of: error) {
                Console.error("edgepipe: \(error)")
            } else {
                Console.message("\(error)")
            }
            exit(withError: ExitCode(status.rawValue))
        }
    }

    /// Returns the time and memory that the command used.
    private static func usage(since started: Date) -> String {
        let seconds = Date().timeIntervalSince(started)
        return "took \(numberText(seconds, 2)) s and at most \(sizeText(ProcessMemory.peakBytes)) of memory"
    }
}

extension ExitCode {
    init(_ status: ExitStatus) { self.init(status.rawValue) }
}
