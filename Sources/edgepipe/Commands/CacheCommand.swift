import ArgumentParser
import BinaryIO
import Pipeline
import Steps
import SystemPackage

/// The folder that keeps results of steps.
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Manage the cache of step results.",
        discussion: """
            EXAMPLES
              edgepipe cache status
              edgepipe cache evict --max-size 50GB --cache /shared/cache
            """,
        subcommands: [Status.self, Evict.self]
    )

    /// The options that select the folder.
    struct FolderOptions: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "The cache folder; default: EDGEPIPE_CACHE, or the folder beside the registry.",
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
            abstract: "Show how much the cache holds.",
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
            abstract: "Remove the least recently used results until the cache is small enough.",
            discussion: """
                EXAMPLES
                  edgepipe cache evict --max-size 50GB
                  edgepipe cache evict --max-size 0

                Results that a running pipeline uses are kept. Removed results are made again when they are needed.
                """
        )

        @Option(help: ArgumentHelp("Largest size of what is left, such as 50GB.", valueName: "size"))
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
