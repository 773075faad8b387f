import Foundation
import Pipeline
import Settings
import Steps
import TestSupport
import Testing

@Suite struct HelpTests {
    static let commands = [
        "", "init", "run", "plan", "validate", "lock", "verify", "runs", "cache", "cache status", "cache evict",
        "schema", "emit",
        "emit github", "submit", "status", "cancel", "exec-step", "query", "compare", "diff", "report", "snippet",
        "export", "export mlc",
        "export play", "export site",
        "fit", "fit estimate", "fit import", "devices", "devices list", "devices show",
        "registry", "registry init", "registry list", "registry show", "registry verify", "registry promote",
        "registry history", "registry gc", "registry import", "registry export", "registry storage", "registry sign",
        "registry attest", "registry repair", "registry delete", "pull", "push", "delta", "delta make", "delta apply",
        "delta plan", "convert", "imatrix", "quantize", "perplexity",
        "accuracy", "sensitivity", "frontier",
        "tokenize", "generate", "embed", "inspect", "doctor", "serve", "serve start", "serve token", "serve token new",
    ]

    @Test(arguments: commands)
    func everyCommandShowsExamples(_ command: String) throws {
        let words = command.split(separator: " ").map(String.init)
        let help = try Program(folder: try ScratchFolder()).run(words + ["--help"])
        #expect(help.status == 0 && help.errors == "")
        let name = (["edgepipe"] + words).joined(separator: " ")
        let parts = help.output.components(separatedBy: "EXAMPLES")
        #expect(parts.count == 2)
        #expect(
            parts.last?.split(separator: "\n").first?.contains(name) == true,
            "the first example is of this command"
        )
        #expect(help.output.contains("USAGE: \(name)"))
        #expect(help.output.contains("\u{1b}") == false)
    }

    /// A command that is missing above would go untested.
    @Test func theListAboveIsComplete() throws {
        let program = Program(folder: try ScratchFolder())
        for group in ["", "cache", "delta", "devices", "emit", "export", "fit", "registry", "serve", "serve token"] {
            let words = group.split(separator: " ").map(String.init)
            let lines = try program.run(words + ["--help"]).lines
            let named = lines.drop { !$0.hasSuffix("SUBCOMMANDS:") }.filter {
                $0.hasPrefix("  ") && !$0.hasPrefix("   ")
            }
            let found = named.compactMap { $0.split(separator: " ").first.map(String.init) }.filter { $0 != "See" }
            #expect(found.isEmpty == false)
            for name in found {
                let command = (words + [name]).joined(separator: " ")
                #expect(Self.commands.contains(command), "\(command)")
            }
        }
    }

    @Test func theExitCodesStandInTheHelp() throws {
        let help = try Program(folder: try ScratchFolder())("--help").output
        for code in [0, 1, 2, 3, 4, 5, 64, 130] {
            #expect(help.split(separator: "\n").contains { $0.hasPrefix("  \(code)  ") }, "\(code)")
        }
    }

    /// A setting of a kind of step is an option of the command that does the same, with the same words.
    @Test(arguments: [
        (ConvertSettings.kind, "convert"), (ImatrixSettings.kind, "imatrix"), (QuantizeSettings.kind, "quantize"),
        (ValidateSettings.kind, "perplexity"), (FitSettings.kind, "fit estimate"),
    ])
    func everySettingOfAStepIsAnOptionOfItsCommand(_ kind: String, _ command: String) throws {
        let program = Program(folder: try ScratchFolder())
        let help = try program.run(command.split(separator: " ").map(String.init) + ["--help"])
        let text = help.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let settings = try #require(StepKinds.settings.first { $0.kind == kind }).settings
        for setting in settings where setting.surface == .everywhere {
            #expect(text.contains(setting.help), "\(command): \(setting.key)")
        }
    }
}
