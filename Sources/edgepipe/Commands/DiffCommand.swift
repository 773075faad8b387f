import Answers
import ArgumentParser

struct DiffCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Say what is different between two versions of a model, for a pull request.",
        discussion: """
            EXAMPLES
              edgepipe diff phi3@1.0.0 phi3@1.1.0
              edgepipe diff phi3@stable phi3@candidate --json
              edgepipe diff phi3@stable phi3@candidate >> "$GITHUB_STEP_SUMMARY"

            Prints Markdown: builds that came and went, sizes, quality with its errors, memory and speed on devices, and tensors \
            that changed their type. Numbers are compared where they were measured under equal conditions.
            """
    )

    @Argument(help: "The version before: model@version, or model@channel.")
    var old: String

    @Argument(help: "The version now.")
    var new: String

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let difference = try registry.reading { try $0.difference(from: old, to: new) }
        try records.print(difference) { _ in DifferencePage(difference: difference).text }
    }
}
