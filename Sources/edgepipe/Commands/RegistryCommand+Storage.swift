import Answers
import ArgumentParser
import Foundation
import Registry

extension RegistryCommand {
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
            let report = try registry.reading { try $0.storage() }
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

    struct CollectCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc",
            abstract: "Remove what killed processes left; nothing published is ever touched.",
            discussion: """
                EXAMPLES
                  edgepipe registry gc
                  edgepipe registry gc --remove --older-than 24

                Without --remove it only says what would go.
                """
        )
        @Flag(help: "Remove the files.") var remove = false
        @Option(help: ArgumentHelp("Leave alone what is younger, for others may be at it.", valueName: "hours"))
        var olderThan = 1.0
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func validate() throws {
            guard olderThan >= 0, olderThan.isFinite else {
                throw ValidationError("--older-than takes hours, 0 or more.")
            }
        }

        func run() throws {
            let found = try RegistrySession.with(try registry.file, remove ? .changing : .reading) { session in
                try session.collectLeftovers(olderThan: olderThan * 3600, removes: remove)
            }
            try records.print(found) { _ in
                let verb = remove ? "removed" : "would remove"
                let bytes = found.reduce(0) { $0 + $1.bytes }
                return (found.map { "\(verb) \($0.path)" } + ["\(found.count) files, \(sizeText(bytes))"]).asLines
            }
        }
    }

    struct DeleteCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete",
            abstract: "Withdraw builds: they are no longer offered, and gc may remove their bytes.",
            discussion: """
                EXAMPLES
                  edgepipe registry delete phi3@1.0.0:q2_k --why 'answers in the wrong language'
                  edgepipe registry delete phi3@1.0.0 --why 'licence withdrawn' --apply
                  edgepipe registry gc --remove

                Without --apply it only says what would go. A version that a channel points to stays. The name stays taken:
                only the same bytes can be published under it again. Who, when and why stay in the audit log.
                """
        )
        @Argument(help: "model@version[:type]") var build: String
        @Option(help: ArgumentHelp("Why it is withdrawn.", valueName: "text")) var why: String
        @Option(help: ArgumentHelp("Who withdraws it; the user's name.", valueName: "name")) var who = NSUserName()
        @Flag(help: "Do it.") var apply = false
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let report = try registry.changing { session in
                try session.delete(build, because: MoveReason(who: who, why: why), applies: apply)
            }
            try records.print(report) { _ in
                let verb = apply ? "deleted" : "would delete"
                let bytes = sizeText(report.collectableBytes)
                let rest = "\(report.builds.count) builds; gc \(apply ? "can" : "could then") free \(bytes)"
                return (report.builds.map { "\(verb) \($0)" } + [rest]).asLines
            }
        }
    }
}
