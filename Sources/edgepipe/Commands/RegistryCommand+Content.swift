import ArgumentParser
import Pipeline
import Registry
import SystemPackage

extension RegistryCommand {
    struct ImportCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Publish a GGUF file that was made elsewhere.",
            discussion: """
                EXAMPLES
                  edgepipe registry import model.gguf --as phi3@1.0.0:q4_k_m --license mit
                  edgepipe registry import model.gguf --as phi3@1.0.0:q4_k_m --license mit --source hf://owner/name

                It is stored in parts, and what another build holds already is not stored again.
                """
        )
        @Argument(help: "The GGUF file.") var file: String
        @Option(name: .customLong("as"), help: ArgumentHelp("Its name.", valueName: "model@version:type"))
        var name: String
        @Option(help: ArgumentHelp("An SPDX identifier, or unknown.", valueName: "id")) var license: String
        @Option(help: ArgumentHelp("Where it came from.", valueName: "uri")) var source: String?
        @Option(help: ArgumentHelp("Point this channel to the version too.", valueName: "name")) var channel: String?
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var work: WorkOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            let published = try Operations.importBuild(
                FilePath(file),
                as: name,
                license: license,
                source: source,
                channel: channel,
                into: registry.file
            ) { detail, done, total in
                try Interruption.check()
                line.update(detail, done, total)
            }
            line.clear()
            try records.print(published) { _ in
                let build = published.record
                let sizes = "\(sizeText(build.fileBytes)), stored \(sizeText(build.storedBytes))"
                return "\(build.name): \(published.isNew ? "published" : "was published already"), \(sizes)"
            }
        }
    }

    struct StorageCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "storage",
            abstract: "What the builds take on the disk, against the sum of their files.",
            discussion: """
                EXAMPLES
                  edgepipe registry storage
                  edgepipe registry storage --json
                """
        )
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let report = try Operations.storage(of: registry.file)
            try records.print(report) { format in
                let rows: [[String]] = [
                    ["files", sizeText(report.fileBytes)],
                    ["different files", sizeText(report.distinctBytes)],
                    ["on the disk", sizeText(report.storedBytes)],
                    ["ratio", numberText(report.ratio, 3)],
                    ["parts", "\(report.parts), used \(report.partUses) times"],
                ]
                return Table(columns: ["", "\(report.builds) builds"], rows: rows).text(format)
            }
        }
    }
}
