import Answers
import ArgumentParser
import Distribution
import Foundation
import Registry
import Steps
import SystemPackage

struct PullCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Download a verified build from the registry or an OCI registry.",
        discussion: """
            EXAMPLES
              edgepipe pull phi3:q4_k_m -o model.gguf
              edgepipe pull phi3@1.0.0:q4_k_m -o model.gguf
              edgepipe pull phi3@1.0.0:q4_k_m -o model.gguf --key public.pem
              edgepipe pull oci://ghcr.io/team/phi3:1.0.0-q4_k_m -o model.gguf
              edgepipe pull phi3@stable:q4_k_m -o model.gguf --registry oci://ghcr.io/team/phi3
              edgepipe pull oci://ghcr.io/team/phi3:1.1.0-q4_k_m -o new.gguf --since old.gguf

            With --since, only what changed is downloaded: a delta if one is offered, else the parts that differ.

            A model's projector comes along, as mmproj-model.gguf beside model.gguf.
            """
    )

    @Argument(help: "model[@version][:type], or oci://host/path:tag") var build: String

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Require a signature by this public key, in PEM form.", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("An older file of the model, which is only read.", valueName: "file"))
    var since: String?

    @Flag(help: "Do not download the projector.")
    var noMmproj = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let line = records.progressLine()
        var request = Operations.PullRequest(build, to: FilePath(output))
        (request.key, request.leavesProjector) = (key.map { FilePath($0) }, noMmproj)
        (request.isInsecure, request.since) = (registry.insecure, since.map { FilePath($0) })
        let report = try Operations.pull(request, from: registry.place()) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { _ in
            var lines = ["\(report.output): \(report.build), \(sizeText(report.bytes)), sha256 \(report.sha256)"]
            if let way = report.update, let fetched = report.bytesFetched {
                let share = (Double(fetched) / Double(max(1, report.bytes))).formatted(
                    .percent.precision(.fractionLength(2))
                )
                lines.append("fetched \(sizeText(fetched)), \(share) of the file (\(way))")
            }
            if let file = report.projector {
                lines.append("\(file.output): \(file.build), \(sizeText(file.bytes)), sha256 \(file.sha256)")
            }
            return lines.joined(separator: "\n")
        }
    }
}
