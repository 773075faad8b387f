import Answers
import ArgumentParser
import BinaryIO
import Briefs
import DeviceFit
import Pipeline

struct QueryCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract:
            "Find the best build for a phone: what fits, ranked by measured quality, and why the others are rejected.",
        discussion: """
            EXAMPLES
              edgepipe query --ram 3GB --platform android
              edgepipe query --device pixel-8 --context 4096 --min-speed 10
              edgepipe query --device iphone-13 --device pixel-6 --min-sustained-speed 5
              edgepipe query --device iphone-15 --explain
              edgepipe query --kind embedding --ram 500MB --platform android

            Builds are ranked by bits per byte on the same text, which also compares models with different \
            tokenizers; where two differ by less than a thousandth, the faster comes first. A build that surely fits \
            comes before one that is tight. Models that embed and rerankers are ranked among themselves, with --kind, \
            by how near they are to the model that was quantized: no figure compares them with models that write. Of \
            several devices a build has to fit all. Speeds and battery are estimates; --json has their ranges, \
            confidence and sources.
            """
    )

    @OptionGroup var filters: FilterOptions

    @Flag(help: "Show how the numbers of the best three are calculated.")
    var explain = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let query = try filters.query()
        let answer = try registry.reading { session in
            let answer = try query.answer(from: session)
            try records.print(answer) { format in Self.text(answer, format, explain: explain) }
            if answer.best != nil, !records.quiet, let warning = try session.objectsWarning() {
                Console.error("edgepipe: \(warning)")
            }
            return answer
        }
        guard answer.best != nil else {
            Console.error(
                answer.refused.isEmpty
                    ? "edgepipe: the registry offers no such build. `edgepipe registry list` shows what it has."
                    : "edgepipe: no build matches; each refusal says why. Allow more, or publish a build that fits."
            )
            throw ExitCode(ExitStatus.nothingMatches)
        }
    }

    private static func text(_ answer: QueryAnswer, _ format: OutputFormat, explain: Bool) -> String {
        let fitting = ([answer.best].compactMap { $0 } + answer.alternatives)
        let table = BuildTable.table(fitting)
        if format == .csv { return table.csv }
        let isMarkdown = format == .markdown
        func heading(_ text: String) -> String { isMarkdown ? "### \(text.markdownText)\n\n" : "\(text.visible)\n" }
        func item(_ text: String) -> String { isMarkdown ? "- \(text.markdownText)" : "  \(text.visible)" }
        var parts: [String] = []
        if let best = answer.best {
            let title = isMarkdown ? "### Best: \(best.build.markdownText)" : "Best: \(best.build)"
            parts.append(best.estimate.map { heading("Best: \(best.build)") + item("it \($0.reason)") } ?? title)
            parts.append(table.text(format))
        }
        let notes = fitting.compactMap { build in build.note.map { item("\(build.build): \($0)") } }
        if !notes.isEmpty { parts.append(heading("Notes") + notes.joined(separator: "\n")) }
        if let hint = answer.hint { parts.append(isMarkdown ? hint.markdownText : hint.visible) }
        for build in explain ? fitting.prefix(3) : [] {
            let lines = build.estimates.flatMap { estimate in
                (build.estimates.count > 1 ? ["\(estimate.target):"] : []) + estimate.arithmetic
            }
            if !lines.isEmpty { parts.append(heading("Why \(build.build)") + lines.map(item).joined(separator: "\n")) }
        }
        if !answer.refused.isEmpty {
            let lines = answer.refused.map { item("\($0.build): \($0.reasons.joined(separator: "; "))") }
            parts.append(heading("Refused") + lines.joined(separator: "\n"))
        }
        return parts.isEmpty ? "no builds in the registry" : parts.joined(separator: "\n\n")
    }
}
