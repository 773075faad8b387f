import Answers
import ArgumentParser
import Distribution
import Registry
import SystemPackage

struct PullCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Take a build out of the registry, or out of an OCI registry, verified.",
        discussion: """
            EXAMPLES
              edgepipe pull phi3:q4_k_m -o model.gguf
              edgepipe pull phi3@1.0.0:q4_k_m -o model.gguf
              edgepipe pull phi3@1.0.0:q4_k_m -o model.gguf --key public.pem
              edgepipe pull oci://ghcr.io/team/phi3:1.0.0-q4_k_m -o model.gguf

            What a model sees with comes along, as mmproj-model.gguf beside model.gguf.
            """
    )

    @Argument(help: "model[@version][:type], or oci://host/path:tag") var build: String

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String

    @Option(help: ArgumentHelp("Only if it is signed by this public key, in PEM form.", valueName: "file"))
    var key: String?

    @Flag(help: "Leave what the model sees with where it is.")
    var noMmproj = false

    @Flag(help: "The OCI registry speaks plain HTTP.")
    var insecure = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let line = records.progressLine()
        let report = try OCIReference.isWritten(build) ? pullFromAfar(line) : registry.reading { session in
            var pull = BuildPull(from: session.registry)
            pull.leavesProjector = noMmproj
            return try pull.write(
                build,
                to: FilePath(output),
                signedBy: key.map { FilePath($0) }
            ) { try line.track($0, $1, $2) }
        }
        line.clear()
        try records.print(report) { _ in
            var lines = ["\(report.output): \(report.build), \(sizeText(report.bytes)), sha256 \(report.sha256)"]
            if let file = report.projector {
                lines.append("\(file.output): \(file.build), \(sizeText(file.bytes)), sha256 \(file.sha256)")
            }
            return lines.joined(separator: "\n")
        }
    }

    private func pullFromAfar(_ line: ProgressLine) throws -> PullReport {
        var pull = RemotePull(from: try RemotePlace(build, isInsecure: insecure))
        pull.leavesProjector = noMmproj
        return try pull.write(to: FilePath(output), signedBy: key.map { FilePath($0) }) { try line.track($0, $1, $2) }
    }
}
