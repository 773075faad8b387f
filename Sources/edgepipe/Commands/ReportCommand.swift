import Answers
import ArgumentParser
import Briefs
import SystemPackage

extension ReportRequest.Format: ExpressibleByArgument {}

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a report of a version: one self-contained HTML page, or Markdown.",
        discussion: """
            EXAMPLES
              edgepipe report phi3@1.0.0 -o report.html
              edgepipe report phi3 -o report.md
              edgepipe report phi3@production:q4_k_m -o report.html --device pixel-8 --device iphone-15 --lang ru

            The report shows size against quality, memory against device limits, tensor types by layer with their \
            measured errors, lineage, provenance, and every measurement with its conditions. It is one file without \
            scripts or network access, and all its numbers come from the registry.
            """
    )

    @Argument(help: "model[@version][:type]; without a type, the report focuses on the best build for the devices.")
    var model: String

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    @Option(help: "html or md; default: by the file's name.")
    var format: ReportRequest.Format?

    @Option(
        name: .customLong("device"),
        help: ArgumentHelp(
            "A device of `edgepipe devices`; repeat it for several. Those with fits in the registry by default.",
            valueName: "id"
        )
    )
    var devices: [String] = []

    @Option(help: ArgumentHelp("Tokens of context; that of the fits in the registry by default.", valueName: "n"))
    var context: Int?

    @Option(help: ArgumentHelp("Element type of the KV cache.", valueName: "type"))
    var kvType = "f16"

    @Option(help: ArgumentHelp("Language of the page: en or ru.", valueName: "code"))
    var lang = Language.english

    @Flag(name: .shortAndLong, help: "Print no progress.")
    var quiet = false

    @OptionGroup var registry: RegistryOptions

    func run() throws {
        var request = ReportRequest(model: model)
        (request.devices, request.context, request.kvType) = (devices, context, kvType)
        (request.language, request.format) = (lang, format)
        let line = ProgressLine(isQuiet: quiet)
        let summary = try registry.reading { session in
            try session.writeReport(request, to: FilePath(output)) { try line.track($0, $1, $2) }
        }
        line.clear()
        // The page itself may go to standard output.
        let tell = output.hasPrefix("/dev/") ? Console.error : { Console.print($0) }
        tell(
            "\(summary.output): \(summary.model)@\(summary.version), \(summary.builds) builds, \(sizeText(summary.bytes))"
        )
    }
}
