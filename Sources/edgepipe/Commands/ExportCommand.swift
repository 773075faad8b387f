import Answers
import ArgumentParser
import Briefs
import Site
import SystemPackage

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Export a model for other programs and stores, with figures from the registry.",
        discussion: """
            EXAMPLES
              edgepipe export mlc phi3 --device iphone-15 -o folder
              edgepipe export play phi3 -o folder
              edgepipe export site folder
            """,
        subcommands: [MLCCommand.self, PlayCommand.self, SiteCommand.self]
    )

    struct MLCCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "mlc",
            abstract: "Write mlc-package-config.json with memory figures for MLC LLM.",
            discussion: """
                EXAMPLES
                  edgepipe export mlc phi3 --device iphone-15 -o folder
                  edgepipe export mlc phi3:q4_k_m qwen:q4_0 --device pixel-8 --context 2048 -o folder
                  edgepipe export mlc phi3 --device iphone-15 --hub acme --quantization q4f16_1 -o folder

                MLC does not load GGUF: it compiles its own weights. Its file asks for the memory that each model \
                takes, and the estimates of builds with as many bits stand in for it. Notes beside the file say so, \
                and how to make the weights.
                """
        )
        @Argument(help: "model[@version][:type]; without a type, the build that fits and has about as many bits.")
        var models: [String]
        @Option(
            name: .customLong("device"),
            help: ArgumentHelp("A device of `edgepipe devices`; repeat it for several of one system.", valueName: "id")
        )
        var devices: [String]
        @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The folder.", valueName: "folder"))
        var output: String
        @Option(help: ArgumentHelp("The quantization that MLC compiles the weights to.", valueName: "name"))
        var quantization = "q4f16_1"
        @Option(
            help: ArgumentHelp("Download converted models from this Hugging Face account.", valueName: "owner")
        )
        var hub: String?
        @Option(
            help: ArgumentHelp(
                "Context length in tokens; default: 4096, or the model's own maximum if that is lower.",
                valueName: "n"
            )
        )
        var context: Int?
        @Option(help: ArgumentHelp("Prompt tokens that are processed at once.", valueName: "n")) var prefill = 128
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func validate() throws {
            if models.isEmpty { throw ValidationError("Name a model.") }
        }

        func run() throws {
            var request = MLCRequest(models: models, devices: devices)
            (request.quantization, request.hub, request.context, request.prefill) = (
                quantization, hub, context, prefill
            )
            let summary = try registry.reading { try $0.exportMLC(request, to: FilePath(output)) }
            try records.print(summary) { _ in summary.files.asLines }
        }
    }

    struct PlayCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "play",
            abstract: "Write an AI pack for Google Play: device groups by memory, each with its best build.",
            discussion: """
                EXAMPLES
                  edgepipe export play phi3 -o folder
                  edgepipe export play phi3@1.0.0 -o folder --pack chat_model --tier 6 --tier 8 --tier 12 --pull

                device_targeting_config.xml, the pack's folders with their group suffixes, its build.gradle and a \
                README. Each group gets the build that `edgepipe query` ranks first for what an app may use on its \
                smallest phone.
                """
        )
        @Argument(help: "model[@version]") var model: String
        @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The folder.", valueName: "folder"))
        var output: String
        @Option(help: ArgumentHelp("The pack's name; the model's by default.", valueName: "name")) var pack: String?
        @Option(
            name: .customLong("tier"),
            help: ArgumentHelp("Memory of a group's smallest phone, in GB; repeat it for each group.", valueName: "gb")
        )
        var tiers: [Int] = []
        @Option(
            help: ArgumentHelp(
                "Context length in tokens; default: 4096, or the model's own maximum if that is lower.",
                valueName: "n"
            )
        )
        var context: Int?
        @Option(help: ArgumentHelp("Element type of the KV cache.", valueName: "type")) var kvType = "f16"
        @Flag(help: "Copy the builds into their folders, too.") var pull = false
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            var request = PlayRequest(model: model)
            (request.pack, request.context, request.kvType, request.pullsBuilds) = (pack, context, kvType, pull)
            if !tiers.isEmpty { request.tiers = tiers }
            let line = records.progressLine()
            let summary = try registry.reading { session in
                try session.exportPlay(request, to: FilePath(output)) { try line.track($0, $1, $2) }
            }
            line.clear()
            try records.print(summary) { _ in summary.files.asLines }
        }
    }
}

extension ExportCommand {
    struct SiteCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "site",
            abstract: "Write a static site: pages, answers as JSON, and the builds' files.",
            discussion: """
                EXAMPLES
                  edgepipe export site public
                  edgepipe export site public --base-url https://models.example/edge
                  edgepipe export site public --model phi3 --channel stable --language ru
                  edgepipe export site public --no-blobs

                Any host that serves files can serve it: no script, no database. Pages for people, the answers of \
                `edgepipe query` for each system, amount of memory and device as JSON for apps, and the files of the \
                builds, which apps fetch by range. Exporting into the same folder again writes what changed and \
                removes what was withdrawn; an interrupted export resumes. docs/site.md has the layout and the \
                headers to set.
                """
        )
        @Argument(help: "The folder; created if needed.") var folder: String
        @Option(help: ArgumentHelp("Only builds of this model.", valueName: "name")) var model: String?
        @Option(help: ArgumentHelp("Only builds in this channel.", valueName: "name")) var channel: String?
        @Flag(inversion: .prefixedNo, help: "Include the builds' files.") var blobs = true
        @Option(
            name: .customLong("base-url"),
            help: ArgumentHelp("The site's public address; without it, links are relative.", valueName: "url")
        )
        var baseURL: String?
        @Option(
            name: .customLong("language"),
            help: ArgumentHelp(
                "Language of the pages: en or ru; repeat it for both. The first one is at the root; default: both.",
                valueName: "code"
            )
        )
        var languages: [Language] = []
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            var export = SiteExport()
            (export.scope.model, export.scope.channel) = (model, channel)
            (export.hasBlobs, export.baseURL) = (blobs, baseURL)
            if !languages.isEmpty { export.languages = languages }
            let line = records.progressLine()
            let report = try registry.reading { session in
                try export.write(session, to: FilePath(folder)) { try line.track($0, $1, $2) }
            }
            line.clear()
            try records.print(report) { _ in
                "\(report.folder): \(report.builds) builds, \(report.files) files (\(report.written) written, \(report.kept) unchanged, "
                    + "\(report.removed) removed), builds' files \(sizeText(report.blobBytes))"
            }
        }
    }
}
