import Answers
import ArgumentParser
import DeviceFit
import Foundation
import ObjectStorage
import Registry

extension RegistryCommand {
    struct StorageCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "storage",
            abstract:
                "What the builds take on the disk, against the sum of their files; or keep them in object storage.",
            discussion: """
                EXAMPLES
                  edgepipe registry storage
                  edgepipe registry storage --json
                  edgepipe registry storage --tier s3://models/edgepipe --cache 20GB
                  edgepipe registry storage --tier none
                  edgepipe registry storage --compress-from 10%

                With --tier, the files of all published builds go to object storage; what is read is cached here, up \
                to --cache. The database stays here. Run it again after publishing: new builds stay on the disk until \
                then. With --tier none, everything comes back to the disk.

                The endpoint and the credentials come from AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID and \
                AWS_SECRET_ACCESS_KEY, or from ~/.aws/credentials.

                --compress-from is remembered for everything published from now on. Compression saves 3 to 8 % of \
                quantized weights and a quarter of F16, and a server sends compressed parts at half the speed of \
                others: with 10%, builds for phones are stored as they are.
                """
        )
        @Option(
            help: ArgumentHelp("Destination of the files, or none to bring them back.", valueName: "s3://bucket/prefix")
        )
        var tier: String?
        @Option(help: ArgumentHelp("Size of the local cache, such as 20GB; default: 10GiB.", valueName: "size"))
        var cache: String?
        @Option(
            help: ArgumentHelp(
                "Compress a part of a build only where that saves this much of it; default: 1%.",
                valueName: "percent"
            )
        )
        var compressFrom: String?
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func validate() throws {
            if compressFrom != nil, tier != nil { throw ValidationError("Give --tier or --compress-from, not both.") }
            if cache != nil, tier == nil || tier == "none" { throw ValidationError("--cache needs --tier s3://....") }
        }

        func run() throws {
            if let compressFrom {
                let percent = try Self.percent(compressFrom)
                try registry.changing { try $0.registry.compress(fromPercent: percent) }
            }
            guard let tier else { return try printReport() }
            let bound = try cache.map { try ByteSize($0).bytes }
            let place = tier == "none" ? nil : try S3Place(tier)
            let line = records.progressLine()
            let report = try registry.changing { session in
                if let place {
                    return try session.registry.moveToTier(place, cacheBytes: bound) { try line.track($0, $1, $2) }
                }
                return try session.registry.bringBack { try line.track($0, $1, $2) }
            }
            line.clear()
            try records.print(report) { _ in Self.text(report) }
        }

        private func printReport() throws {
            let report = try registry.reading { try $0.storage() }
            try records.print(report) { format in
                var rows: [[String]] = [
                    ["files", sizeText(report.fileBytes)],
                    ["different files", sizeText(report.distinctBytes)],
                    [report.tier == nil ? "on the disk" : "stored", sizeText(report.storedBytes)],
                    ["ratio", numberText(report.ratio, 3)],
                    ["parts", "\(report.parts), used \(report.partUses) times"],
                    [
                        "compressed",
                        "parts that it makes \(numberText(report.compressedFromPercent, 0)) % smaller or more",
                    ],
                ]
                if let tier = report.tier, let local = report.localBytes {
                    rows += [["in object storage", tier], ["on the disk", sizeText(local)]]
                }
                return Table(columns: ["", "\(report.builds) builds"], rows: rows).text(format)
            }
        }

        private static func percent(_ text: String) throws -> Double {
            let number = text.hasSuffix("%") ? text.dropLast() : text[...]
            guard let percent = Double(number), (0...100).contains(percent) else {
                throw ValidationError("'\(text)' is not a valid share. Give 0% to 100%.")
            }
            return percent
        }

        private static func text(_ report: TierReport) -> String {
            let all = "\(report.files) files, \(sizeText(report.bytes))"
            let moved = "\(report.movedFiles) files, \(sizeText(report.movedBytes))"
            guard let bound = report.cacheBytes else {
                return [
                    "\(all), are on the disk again; \(moved), were fetched.",
                    "\(report.place) keeps what it has: remove it there once nobody needs it.",
                ].asLines
            }
            return [
                "\(all), are in \(report.place); \(moved), were uploaded.",
                "\(sizeText(report.localBytes)) are on the disk too, of at most \(sizeText(bound)).",
                "What is published from now on stays on the disk until this command is run again.",
            ].asLines
        }
    }

    struct CollectCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc",
            abstract: "Remove what killed processes left; published builds are never touched.",
            discussion: """
                EXAMPLES
                  edgepipe registry gc
                  edgepipe registry gc --remove --older-than 24

                Without --remove, it only lists what would be removed.
                """
        )
        @Flag(help: "Remove the files.") var remove = false
        @Option(
            help: ArgumentHelp(
                "Keep files newer than this; another process may still be writing them.",
                valueName: "hours"
            )
        )
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
            abstract: "Withdraw builds: they are no longer offered, and gc may remove their files.",
            discussion: """
                EXAMPLES
                  edgepipe registry delete phi3@1.0.0:q2_k --why 'answers in the wrong language'
                  edgepipe registry delete phi3@1.0.0 --why 'licence withdrawn' --apply
                  edgepipe registry gc --remove

                Without --apply, it only lists what would be removed. A version that a channel points to is kept. The \
                name stays reserved: only the same bytes can be published under it again. Who, when and why are kept \
                in the audit log.
                """
        )
        @Argument(help: "model@version[:type]") var build: String
        @Option(help: ArgumentHelp("Reason for the withdrawal.", valueName: "text")) var why: String
        @Option(help: ArgumentHelp("Who withdraws it; default: the user's name.", valueName: "name")) var who =
            NSUserName()
        @Flag(help: "Make the changes.") var apply = false
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
