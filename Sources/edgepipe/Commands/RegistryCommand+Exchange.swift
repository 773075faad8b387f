import Answers
import ArgumentParser
import Distribution
import Registry
import SystemPackage

extension RegistryCommand {
    struct ImportCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract:
                "Publish a GGUF file that was made elsewhere, or all that was exported to a folder, a tar file or an OCI registry.",
            discussion: """
                EXAMPLES
                  edgepipe registry import model.gguf --as phi3@1.0.0:q4_k_m --license mit
                  edgepipe registry import model.gguf --as phi3@1.0.0:q4_k_m --license mit --source hf://owner/name
                  edgepipe registry import exported-folder
                  edgepipe registry import exported.tar
                  edgepipe registry import oci://ghcr.io/team/phi3

                The file is stored in parts; parts that another build already has are not stored again.
                """
        )
        @Argument(help: "The GGUF file, a folder or tar file that was exported, or oci://host/path[:tag].") var file:
            String
        @Option(name: .customLong("as"), help: ArgumentHelp("The file's name.", valueName: "model@version:type"))
        var name: String?
        @Option(help: ArgumentHelp("The model's projector, published as a pair with it.", valueName: "file"))
        var mmproj: String?
        @Option(help: ArgumentHelp("An SPDX identifier; default: unknown.", valueName: "id")) var license: String?
        @Option(help: ArgumentHelp("Address of the source.", valueName: "uri")) var source: String?
        @Option(help: ArgumentHelp("Also point this channel to the version.", valueName: "name")) var channel: String?
        @Flag(help: "Point channels to the versions that they have in the OCI registry.") var channels = false
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var work: WorkOptions
        @OptionGroup var records: OutputOptions

        func validate() throws {
            guard name == nil else { return }
            try refuse(
                ignored: [
                    "--mmproj": mmproj != nil, "--license": license != nil, "--source": source != nil,
                    "--channel": channel != nil,
                ],
                because: "what was exported brings its own. With --as, a GGUF file takes them."
            )
        }

        func run() throws {
            let line = records.progressLine()
            guard let name else {
                if OCIReference.isWritten(file) { return try importFromAfar(line) }
                let layout = try LayoutImport(verifying: FilePath(file)) { try line.track($0, $1, $2) }
                let report = try registry.changing { session in
                    try layout.publish(into: session.registry) { try line.track($0, $1, $2) }
                }
                line.clear()
                return try records.print(report) { _ in
                    "\(report.folder): \(report.builds.count) builds, \(sizeText(report.bytes))"
                }
            }
            var model = try FileImport(FilePath(file), as: name, seeingWith: mmproj.map { FilePath($0) })
            (model.source, model.channel) = (source, channel)
            if let license { model.license = license }
            let published = try registry.changing { [model] session in
                try model.publish(into: session.registry) { try line.track($0, $1, $2) }
            }
            line.clear()
            try records.print(published) { _ in
                let build = published.record
                let sizes = "\(sizeText(build.fileBytes)), stored \(sizeText(build.storedBytes))"
                let outcome =
                    published.isNew
                    ? "published" : published.isMended ? "damaged bytes were stored anew" : "was published already"
                return "\(build.name): \(outcome), \(sizes)"
            }
        }

        private func importFromAfar(_ line: ProgressLine) throws {
            var place = RemoteImport(from: try RemotePlace(file, isInsecure: registry.insecure))
            place.takesChannels = channels
            let report = try registry.changing { [place] session in
                try place.publish(into: session.registry) { try line.track($0, $1, $2) }
            }
            line.clear()
            try records.print(report) { _ in
                "\(report.folder): \(report.builds.count) builds, \(sizeText(report.bytes))"
            }
        }
    }

    struct ExportCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Export builds and their metadata to a folder or file that needs no registry.",
            discussion: """
                EXAMPLES
                  edgepipe registry export -o folder
                  edgepipe registry export phi3@1.0.0 -o folder
                  edgepipe registry export phi3@1.0.0 -o phi3.tar
                  edgepipe registry export phi3@1.0.0:q4_k_m gemma@2.0.0 -o folder
                  edgepipe registry import folder --registry /elsewhere/registry.db

                The folder is an OCI image layout: the files are in blobs/sha256, named by their digests and \
                uncompressed.
                """
        )
        @Argument(help: "model[@version][:type]; default: all.") var builds: [String] = []
        @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The folder, or a tar file.", valueName: "path"))
        var output: String
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var work: WorkOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            let report = try registry.reading { session in
                try LayoutExport(from: session.registry).write(builds, to: FilePath(output)) {
                    try line.track($0, $1, $2)
                }
            }
            line.clear()
            try records.print(report) { _ in
                "\(report.folder): \(report.builds.count) builds, \(sizeText(report.bytes))"
            }
        }
    }
}
