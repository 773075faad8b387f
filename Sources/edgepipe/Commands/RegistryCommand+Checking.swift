import Answers
import ArgumentParser
import Foundation
import Pipeline
import Registry
import SystemPackage

extension RegistryCommand {
    struct VerifyCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Check that everything published is present and unchanged.",
            discussion: """
                EXAMPLES
                  edgepipe registry verify
                  edgepipe registry verify --read-data --json
                  edgepipe registry verify --sample 5%
                  edgepipe registry verify --sample 5% --seed 42
                """
        )
        @Flag(help: "Read and hash every object too.") var readData = false
        @Option(help: ArgumentHelp("Read and hash a random share of the parts.", valueName: "percent"))
        var sample: String?
        @Option(
            help: ArgumentHelp("Check the same share as the verification that printed this seed.", valueName: "number")
        )
        var seed: UInt64?
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var work: WorkOptions
        @OptionGroup var records: OutputOptions

        func validate() throws {
            if sample != nil, readData { throw ValidationError("--sample reads a share of what --read-data reads.") }
            if sample == nil, seed != nil { throw ValidationError("--seed needs --sample.") }
            if sample != nil, percent == nil { throw ValidationError("--sample takes a share such as 5%.") }
        }

        /// The share, above 0 and up to 100; nil if the text is not valid.
        private var percent: Double? {
            guard let sample, let value = Double(sample.hasSuffix("%") ? sample.dropLast() : sample[...]),
                value > 0, value <= 100
            else { return nil }
            return value
        }

        func run() throws {
            let line = records.progressLine()
            let share = try percent.map { percent in
                try seed.map { try VerificationSample(percent: percent, seed: $0) }
                    ?? VerificationSample(percent: percent)
            }
            let file = try registry.file
            let report = try RegistryCare.verify(file, readData: readData, sample: share) {
                try line.track($0, $1, $2)
            }
            line.clear()
            try records.print(report) { _ in
                let damages = report.damages.map { "damaged: \($0.detail)" }
                let returned = report.returned.map { "no longer marked as lost, its bytes are whole: \($0)" }
                let leftovers = report.leftovers.map { "leftover, may be removed: \($0.path)" }
                let verdict = report.isSound ? "sound" : "DAMAGED"
                var read = readData ? ", \(sizeText(report.readBytes)) read" : ""
                if let sample = report.sample {
                    read =
                        ", \(sample.checked) parts of them read, \(sizeText(report.readBytes)); --seed \(sample.seed)"
                }
                return
                    (damages + (report.isSound ? returned : []) + leftovers + [
                        "\(file): \(verdict), \(report.checkedObjects) objects checked\(read)"
                    ]).asLines
            }
            guard report.isSound else { throw ExitCode(ExitStatus.registryDamaged) }
        }
    }

    struct RepairCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "repair",
            abstract: "Recover what can be recovered of a damaged registry.",
            discussion: """
                EXAMPLES
                  edgepipe registry repair
                  edgepipe registry repair --apply
                  edgepipe registry repair --from /backup/registry.db --from exported-folder --from model.gguf --apply

                Without --apply, it only reports what is damaged, what can be recovered and what is lost. It rebuilds \
                indices, takes intact parts out of damaged files, and missing ones from the copies that --from names. \
                It never drops a published build, and moves damaged files to the folder quarantine.
                """
        )
        @Option(
            name: .customLong("from"),
            help: ArgumentHelp("A registry, an exported folder or a GGUF file; may be repeated.", valueName: "path")
        )
        var sources: [String] = []
        @Flag(help: "Make the changes.") var apply = false
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            let file = try registry.file
            let report = try RegistryCare.repair(
                file,
                from: sources.map { FilePath($0) },
                applies: apply
            ) { try line.track($0, $1, $2) }
            line.clear()
            try records.print(report) { _ in Self.text(report, file.string) }
            guard report.isWhole else { throw ExitCode(ExitStatus.registryDamaged) }
        }

        private static func text(_ report: RepairReport, _ path: String) -> String {
            func names(_ item: RepairReport.Item) -> String { item.builds.map { "\($0)" }.joined(separator: ", ") }
            let saved = report.isDone ? "saved" : "can be saved"
            let moved = report.isDone ? "moved to quarantine" : "would be moved to quarantine"
            var lines = report.database.map { "database: \($0)" }
            lines += report.isDone ? report.databaseLeft.map { "database, still: \($0)" } : []
            lines += report.saved.map { "\(saved): \(names($0)), \(sizeText($0.bytes)); \($0.detail)" }
            lines += report.lost.map { "LOST: \(names($0)), \(sizeText($0.bytes)); \($0.detail)" }
            lines += report.quarantined.map { "\(moved): \($0)" }
            let verdict = report.isWhole ? "whole" : report.isDone ? "STILL DAMAGED" : "DAMAGED; --apply repairs it"
            return (lines + ["\(path): \(verdict)"]).asLines
        }
    }
}
