import ArgumentParser
import BinaryIO
import Pipeline
import Steps
import SystemPackage

/// The folder that keeps results of steps.
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Look after the folder that keeps results of steps.",
        discussion: """
            EXAMPLES
              edgepipe cache status
              edgepipe cache evict --max-size 50GB --cache /shared/cache
            """,
        subcommands: [Status.self, Evict.self]
    )

    /// Which folder is meant.
    struct FolderOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The folder; EDGEPIPE_CACHE, or the one beside the registry.",
                valueName: "folder"
            )
        )
        var cache: String?

        @OptionGroup var registry: RegistryOptions

        func folder() throws -> CacheFolder {
            var options = RunOptions(registry: try registry.file)
            options.cache.place = CachingOptions.place(cache)
            if case .server(let address)? = options.cache.place { throw CacheError.noFolder(address) }
            return options.cacheFolder
        }
    }

    struct Status: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say how much the folder holds.",
            discussion: """
                EXAMPLES
                  edgepipe cache status
                  edgepipe cache status --cache /shared/cache --json
                """
        )

        @OptionGroup var place: FolderOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let status = try place.folder().status()
            try records.print(status) { format in
                Table(
                    columns: ["folder", "results", "files", "size", "runs at work"],
                    rows: [
                        [
                            status.folder, "\(status.records)", "\(status.files)", sizeText(status.bytes),
                            "\(status.runs)",
                        ]
                    ]
                ).text(format)
            }
        }
    }

    struct Evict: RecordCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove what was of no use for longest, until the rest is small enough.",
            discussion: """
                EXAMPLES
                  edgepipe cache evict --max-size 50GB
                  edgepipe cache evict --max-size 0

                What a run at work has used stays. Whatever is removed is made again when it is needed.
                """
        )

        @Option(help: ArgumentHelp("The most that may be left, such as 50GB.", valueName: "size"))
        var maxSize: String

        @OptionGroup var place: FolderOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let limit = maxSize == "0" ? 0 : try Operations.byteCount(maxSize)
            let eviction = try place.folder().evict(to: limit)
            try records.print(eviction) { format in
                Table(
                    columns: ["removed", "freed", "left", "kept for runs at work"],
                    rows: [
                        [
                            "\(eviction.removed)", sizeText(eviction.freedBytes), sizeText(eviction.bytes),
                            sizeText(eviction.inUseBytes),
                        ]
                    ]
                ).text(format)
            }
        }
    }
}
