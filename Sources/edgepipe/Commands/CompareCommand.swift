import Answers
import ArgumentParser
import Briefs
import DeviceFit
import Pipeline

extension Language: ExpressibleByArgument {}
extension SnippetKind: ExpressibleByArgument {}

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Write the page that compares two or three builds for one platform.",
        discussion: """
            EXAMPLES
              edgepipe compare --platform ios --ram 3GB --task summarization
              edgepipe compare phi3:q4_k_m qwen:q4_0 --device pixel-8
              edgepipe compare --platform android --ram 2GB --lang ru > brief.md

            Prints Markdown: the builds side by side (memory, quality, speed, heat, battery, older phones, what each \
            is good for and where it fails), how to prepare the best one, how to load it, and what to do when the \
            phone gets hot. Everything in it runs on the phone.
            """
    )

    @Argument(help: "Builds, model[@version]:type; without any, the best three that fit.")
    var builds: [String] = []

    @Option(help: ArgumentHelp("Describe what the app does; the page quotes it.", valueName: "text"))
    var task: String?

    @Option(help: ArgumentHelp("Language of the page: en or ru.", valueName: "code"))
    var lang = Language.english

    @OptionGroup var filters: FilterOptions
    @OptionGroup var registry: RegistryOptions

    func run() throws {
        var request = BriefRequest()
        (request.builds, request.task, request.language) = (builds, task, lang)
        request.query = try filters.query()
        guard let brief = try registry.reading({ try $0.brief(request) }) else {
            Console.error(
                "edgepipe: no build matches. Allow more memory, a shorter context, or publish a smaller build."
            )
            throw ExitCode(ExitStatus.nothingMatches)
        }
        Console.print(brief.markdown)
    }
}

struct SnippetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snippet",
        abstract: "Print the code that loads a build in an app.",
        discussion: """
            EXAMPLES
              edgepipe snippet phi3:q4_k_m --for swift > LocalModel.swift
              edgepipe snippet phi3:q4_k_m --for react-native --context 2048 --kv-type q8_0

            Context, batch, cache and stop tokens are the build's own. Swift is for llama.cpp's XCFramework, kotlin \
            for its Android library, react-native for llama.rn, flutter for fllama.
            """
    )

    @Argument(help: "The build, model[@version][:type].")
    var build: String

    @Option(name: .customLong("for"), help: ArgumentHelp("swift, kotlin, react-native or flutter.", valueName: "kind"))
    var kind: SnippetKind

    @Option(
        help: ArgumentHelp(
            "Context length in tokens; default: 4096, or the model's own maximum if that is lower.",
            valueName: "n"
        )
    )
    var context: Int?

    @Option(help: ArgumentHelp("Element type of the KV cache.", valueName: "type"))
    var kvType = "f16"

    @OptionGroup var registry: RegistryOptions

    func run() throws {
        let snippet = try registry.reading {
            try $0.snippet(kind, of: build, context: context, kvType: kvType)
        }
        Console.print(snippet.text)
    }
}
