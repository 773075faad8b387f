import Answers
import ArgumentParser

struct DiffCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Compare two versions of a model, for a pull request.",
        discussion: """
            EXAMPLES
              edgepipe diff phi3@1.0.0 phi3@1.1.0
              edgepipe diff phi3@stable phi3@candidate --json
              edgepipe diff phi3@stable phi3@candidate >> "$GITHUB_STEP_SUMMARY"

            Prints Markdown: added and removed builds, sizes, quality with error bars, memory and speed on devices, and tensors \
            whose type changed. Quality is compared only if both versions were measured under the same conditions.
            """
    )

    @Argument(help: "The old version: model@version, or model@channel.")
    var old: String

    @Argument(help: "The new version.")
    var new: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let difference = try registry.reading { try $0.difference(from: old, to: new) }
        try records.print(difference) { _ in DifferencePage(difference: difference).text }
    }
}
