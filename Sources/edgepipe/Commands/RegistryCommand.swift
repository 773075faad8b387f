import Answers
import ArgumentParser
import BinaryIO
import Foundation
import Registry
import SystemPackage

struct RegistryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Manage a registry.",
        discussion: """
            EXAMPLES
              edgepipe registry list
              edgepipe registry show phi3@1.0.0:q4_k_m
              edgepipe registry verify --read-data
              edgepipe registry promote phi3@1.1.0 production --why 'lower divergence, same memory'
            """,
        subcommands: [
            Init.self, List.self, Show.self, VerifyCommand.self, RepairCommand.self, PromoteCommand.self,
            HistoryCommand.self, DeleteCommand.self, CollectCommand.self, ImportCommand.self, ExportCommand.self,
            StorageCommand.self, SignCommand.self, AttestCommand.self,
        ]
    )

    struct Init: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an empty registry, or upgrade an older one.",
            discussion: """
                EXAMPLES
                  edgepipe registry init --registry /data/registry.db
                """
        )
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let file = try registry.file
            try RegistryCare.initialize(file)
            try records.print(["registry": file.string]) { _ in "\(file): ready" }
        }
    }

    struct List: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all builds.",
            discussion: """
                EXAMPLES
                  edgepipe registry list
                  edgepipe registry list --format csv
                """
        )
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let columns = ["build", "size", "stored", "bits/weight", "licence", "sha256", "published"]
            try records.print(try registry.reading { try $0.builds() }, columns: columns) { build in
                [
                    "\(build.name)", sizeText(build.fileBytes), sizeText(build.storedBytes),
                    numberText(build.facts.bitsPerWeight, 2), build.facts.license, build.digest.short,
                    build.createdAt.formatted(.iso8601),
                ]
            }
        }
    }

    struct Show: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show everything about a build.",
            discussion: """
                EXAMPLES
                  edgepipe registry show phi3:q4_k_m
                  edgepipe registry show phi3@1.0.0:q4_k_m --json
                """
        )
        @Argument(help: "model[@version][:type]") var build: String
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let details = try registry.reading { try $0.details(of: build) }
            try records.print(details) { format in Self.text(details, format) }
        }

        private static func text(_ details: BuildDetails, _ format: OutputFormat) -> String {
            let tables = [facts(details.build), measurements(details.measurements), lineage(details.lineage)]
            return (tables.map { $0.text(format) } + ["\(details.fits.count) device estimates"])
                .joined(separator: "\n\n")
        }

        private static func facts(_ build: BuildRecord) -> Table {
            let stored = "\(build.encoding.rawValue), ratio \(numberText(build.compressionRatio, 3))"
            let rows: [[String]] = [
                ["sha256", "\(build.digest)"],
                ["file", sizeText(build.fileBytes)],
                ["stored", "\(sizeText(build.storedBytes)) (\(stored))"],
                ["bits a weight", numberText(build.facts.bitsPerWeight, 3)],
                ["source", build.facts.sourceURI],
                ["source sha256", build.facts.sourceDigest.map { "\($0)" } ?? "-"],
                ["licence", build.facts.license],
                ["pipeline sha256", build.facts.pipelineDigest.map { "\($0)" } ?? "-"],
                ["made by", "edgepipe \(build.toolVersion)"],
                ["published", build.createdAt.formatted(.iso8601)],
            ]
            return Table(columns: ["", "\(build.name)"], rows: rows)
        }

        private static func measurements(_ records: [MeasurementRecord]) -> Table {
            Table(
                columns: ["measured", "value", "± error", "unit", "method", "text", "context", "chunks", "kernels"],
                rows: records.map { record -> [String] in
                    [
                        record.metric, numberText(record.value, 6), numberText(record.standardError, 6), record.unit,
                        record.method, record.textDigest?.short ?? "-", record.context.map { "\($0)" } ?? "-",
                        record.chunks.map { "\($0)" } ?? "-", record.kernels,
                    ]
                }
            )
        }

        private static func lineage(_ edges: [LineageEdge]) -> Table {
            Table(columns: ["from", "step", "to"], rows: edges.map { [$0.from.short, $0.stepKind, $0.to.short] })
        }
    }
}
