import ArgumentParser
import Pipeline
import Registry
import SystemPackage

extension RegistryCommand {
    struct ImportCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Publish a GGUF file that was made elsewhere, or all that was exported to a folder.",
            discussion: """
                EXAMPLES
                  edgepipe registry import model.gguf --as phi3@1.0.0:q4_k_m --license mit
                  edgepipe registry import model.gguf --as phi3@1.0.0:q4_k_m --license mit --source hf://owner/name
                  edgepipe registry import exported-folder

                It is stored in parts, and what another build holds already is not stored again.
                """
        )
        @Argument(help: "The GGUF file, or a folder that was exported.") var file: String
        @Option(name: .customLong("as"), help: ArgumentHelp("The file's name.", valueName: "model@version:type"))
        var name: String?
        @Option(help: ArgumentHelp("An SPDX identifier; without one, unknown.", valueName: "id")) var license: String?
        @Option(help: ArgumentHelp("Where it came from.", valueName: "uri")) var source: String?
        @Option(help: ArgumentHelp("Point this channel to the version too.", valueName: "name")) var channel: String?
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var work: WorkOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            guard let name else {
                let report = try Operations.importLayout(FilePath(file), into: registry.file) { detail, done, total in
                    try Interruption.check()
                    line.update(detail, done, total)
                }
                line.clear()
                return try records.print(report) { _ in
                    "\(report.folder): \(report.builds.count) builds, \(sizeText(report.bytes))"
                }
            }
            let published = try Operations.importBuild(
                FilePath(file),
                as: name,
                license: license ?? "unknown",
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

extension RegistryCommand {
    struct SignCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "sign",
            abstract: "Sign a build, so that others can see who vouches for its bytes.",
            discussion: """
                EXAMPLES
                  edgepipe registry sign phi3@1.0.0:q4_k_m --key private.pem -o model.sig
                  edgepipe pull phi3@1.0.0:q4_k_m -o model.gguf --key public.pem
                  model_signing verify key model.gguf --signature model.sig --public_key public.pem

                A pair of keys:
                  openssl ecparam -name prime256v1 -genkey -noout -out private.pem
                  openssl ec -in private.pem -pubout -out public.pem
                """
        )
        @Argument(help: "model[@version][:type]") var build: String
        @Option(help: ArgumentHelp("The private key, P-256 in PEM form.", valueName: "file")) var key: String
        @Option(
            name: [.customShort("o"), .long],
            help: ArgumentHelp("Write the signature here too.", valueName: "file")
        )
        var output: String?
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let report = try Operations.sign(
                build,
                with: FilePath(key),
                output: output.map { FilePath($0) },
                in: registry.file
            )
            try records.print(report) { _ in "\(report.build): signed, sha256 \(report.sha256)" }
        }
    }
}

extension RegistryCommand {
    struct ExportCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Write builds, and what is known of them, to a folder that needs no registry.",
            discussion: """
                EXAMPLES
                  edgepipe registry export -o folder
                  edgepipe registry export phi3@1.0.0 -o folder
                  edgepipe registry export phi3@1.0.0:q4_k_m gemma@2.0.0 -o folder
                  edgepipe registry import folder --registry /elsewhere/registry.db

                The folder is an OCI image layout: the files lie in blobs/sha256 under their digests, as they are.
                """
        )
        @Argument(help: "model[@version][:type]; none means all.") var builds: [String] = []
        @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The folder.", valueName: "folder"))
        var output: String
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var work: WorkOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            let report = try Operations.export(
                builds,
                from: registry.file,
                to: FilePath(output)
            ) { detail, done, total in
                try Interruption.check()
                line.update(detail, done, total)
            }
            line.clear()
            try records.print(report) { _ in
                "\(report.folder): \(report.builds.count) builds, \(sizeText(report.bytes))"
            }
        }
    }
}

extension RegistryCommand {
    struct AttestCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "attest",
            abstract: "Write a build's provenance, test results and bill of materials.",
            discussion: """
                EXAMPLES
                  edgepipe registry attest phi3@1.0.0:q4_k_m -o folder

                SLSA provenance 1, an in-toto test result, and CycloneDX 1.6; statements, not signed.
                """
        )
        @Argument(help: "model[@version][:type]") var build: String
        @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The folder.", valueName: "folder"))
        var output: String
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let report = try Operations.attest(build, in: registry.file, to: FilePath(output))
            try records.print(report) { _ in report.files.joined(separator: "\n") }
        }
    }
}
