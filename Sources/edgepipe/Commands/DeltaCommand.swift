import ArgumentParser
import BinaryIO
import Delta
import Distribution
import Foundation
import Registry
import Steps
import SystemPackage
import Work

struct DeltaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delta",
        abstract: "Make and apply updates that are much smaller than the new file.",
        discussion: """
            EXAMPLES
              edgepipe delta plan phi3@1.0.0:q4_k_m phi3@1.1.0:q4_k_m
              edgepipe delta make phi3@1.0.0:q4_k_m phi3@1.1.0:q4_k_m -o update.delta
              edgepipe delta apply old.gguf update.delta -o new.gguf
            """,
        subcommands: [Plan.self, Make.self, Apply.self]
    )

    /// The old and the new side of a delta.
    struct Sides: ParsableArguments {
        @Argument(help: "The old build, which phones have: a GGUF file, or a build of the registry.") var old: String
        @Argument(help: "The new build.") var new: String

        @Option(help: "Compression level, 1 (fast) to 19 (small).") var level = 19

        @OptionGroup var registry: RegistryOptions
        @OptionGroup var work: WorkOptions

        func validate() throws {
            guard (1...19).contains(level) else { throw ValidationError("--level takes 1 to 19.") }
        }

        /// Runs `body` with both sides as files; builds of a registry are pulled into a temporary folder.
        func withMaker<Value>(_ body: (DeltaMaker) throws -> Value) throws -> Value {
            let folder = FilePath(FileManager.default.temporaryDirectory.path).appending(
                "edgepipe-\(UUID().uuidString)"
            )
            defer { try? FileManager.default.removeItem(atPath: folder.string) }
            func file(_ name: String, _ side: String) throws -> FilePath {
                let path = FilePath(name)
                if FileStatus(path) != nil || path.extension == "gguf" { return path }
                try makeFolder(folder)
                var request = Operations.PullRequest(name, to: folder.appending(side + ".gguf"))
                (request.leavesProjector, request.isInsecure) = (true, registry.insecure)
                _ = try Operations.pull(request, from: registry.place()) { _, _, _ in }
                return folder.appending(side + ".gguf")
            }
            let threads = work.threads ?? ProcessInfo.processInfo.activeProcessorCount
            return try body(
                DeltaMaker(from: file(old, "old"), to: file(new, "new"), level: level, threads: threads)
            )
        }
    }

    struct Plan: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show how large a delta would be, without writing it.",
            discussion: """
                EXAMPLES
                  edgepipe delta plan phi3@1.0.0:q4_k_m phi3@1.1.0:q4_k_m
                  edgepipe delta plan old.gguf new.gguf --json
                """
        )

        @OptionGroup var sides: Sides
        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            let report = try sides.withMaker { try $0.plan { try line.track("comparing", $0, $1) } }
            line.clear()
            try records.print(report) { _ in
                text(report)
                    + (report.isWorthwhile ? "" : "\nSend the file itself: the delta is no shorter than 0.6 of it.")
            }
        }
    }

    struct Make: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write the delta between two builds.",
            discussion: """
                EXAMPLES
                  edgepipe delta make phi3@1.0.0:q4_k_m phi3@1.1.0:q4_k_m -o update.delta
                  edgepipe delta make old.gguf new.gguf -o update.delta
                  edgepipe delta make phi3@1.0.0:q4_k_m phi3@1.1.0:q4_k_m

                Without an output file, the delta between two builds of a registry is stored beside the registry, and \
                `push` and `serve` offer it.
                """
        )

        @OptionGroup var sides: Sides

        @Option(
            name: [.customShort("o"), .long],
            help: ArgumentHelp("The file to write; by default the registry stores the delta.", valueName: "file")
        )
        var output: String?

        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            guard let output else {
                let kept = try Operations.keepDelta(
                    from: sides.old,
                    to: sides.new,
                    in: sides.registry.place(),
                    threads: sides.work.threads
                ) { try line.track($0, $1, $2) }
                line.clear()
                return try records.print(kept) { _ in
                    "\(kept.path): \(sizeText(kept.bytes)) from \(kept.from.short) to \(kept.to.short)"
                }
            }
            let report = try sides.withMaker { maker in
                try maker.make(to: FilePath(output)) { try line.track("comparing", $0, $1) }
            }
            line.clear()
            try records.print(report) { _ in "\(output): " + text(report) }
        }
    }

    struct Apply: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "Build the new file from the old one and a delta; run it again to resume.",
            discussion: """
                EXAMPLES
                  edgepipe delta apply old.gguf update.delta -o new.gguf
                """
        )

        @Argument(help: "The file that the delta was made from.") var old: String
        @Argument(help: "The delta.") var delta: String

        @Option(
            name: [.customShort("o"), .long],
            help: ArgumentHelp("The file to write; it may be the old one.", valueName: "file")
        )
        var output: String

        @OptionGroup var records: OutputOptions

        func run() throws {
            let line = records.progressLine()
            let application = DeltaApplication(FilePath(delta), to: FilePath(old), output: FilePath(output))
            let report = try application.run { try line.track("applying", $0, $1) }
            line.clear()
            try records.print(report) { _ in
                "\(report.output): \(sizeText(report.bytes)), sha256 \(report.sha256)"
                    + (report.resumedBytes > 0 ? "; \(sizeText(report.resumedBytes)) were there already" : "")
            }
        }
    }
}

private func text(_ report: DeltaReport) -> String {
    let share = report.share.formatted(.percent.precision(.fractionLength(2)))
    let parts = DeltaDirectory.Operation.Kind.allCases.compactMap { kind -> String? in
        guard let given = report.given[kind.rawValue] else { return nil }
        return "\(kind.rawValue) \(sizeText(given)) by \(sizeText(report.framed[kind.rawValue] ?? 0))"
    }
    return "\(sizeText(report.deltaBytes)), \(share) of \(sizeText(report.newBytes)) (\(parts.joined(separator: ", ")))"
}
