import Answers
import ArgumentParser
import BinaryIO
import ModelHub
import Pipeline
import Steps
import SystemPackage

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a new pipeline file, and the schema that editors check it with.",
        discussion: """
            EXAMPLES
              edgepipe init --from hf://microsoft/Phi-3-mini-4k-instruct --text sample.txt
              edgepipe init --from models/tiny-phi3 --types q8_0,q4_k_m -o tiny.yaml
              edgepipe init

            On a terminal, init asks for what is missing. It never replaces an existing file.
            """
    )

    @Option(help: ArgumentHelp("The model: a folder, a GGUF file, or hf://owner/name[@revision].", valueName: "model"))
    var from: String?

    @Option(help: ArgumentHelp("Name of the builds; default: the model's name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("Types of the builds, separated by commas; default: q8_0,q4_k_m.", valueName: "types"))
    var types: String?

    @Option(
        help: ArgumentHelp(
            "A UTF-8 text to measure quality on; without it, quality is not measured.",
            valueName: "file"
        )
    )
    var text: String?

    @Option(help: ArgumentHelp("Devices of `edgepipe devices`, separated by commas; default: all.", valueName: "ids"))
    var devices: String?

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("The file to write; default: NAME.yaml.", valueName: "file")
    )
    var output: String?

    func run() throws {
        let question = Question()
        guard let source = from ?? question?.ask("Model (a folder, a GGUF file, or hf://owner/name)") else {
            throw ValidationError("No model is given. Name it with --from.")
        }
        if case .folder(let path) = try ModelReference(source), FileStatus(path) == nil {
            throw StepsError.badRequest(
                "\(path): there is no such folder or file. Give the model's path, or hf://owner/name for one of the Hub."
            )
        }
        var template = PipelineTemplate(source: source)
        template.name = name ?? question?.ask("Name of the builds", standard: template.pipelineName)
        let standard = template.types.joined(separator: ",")
        template.types = Self.list(types ?? question?.ask("Types", standard: standard) ?? standard)
        template.text =
            text
            ?? question?.ask("Text to measure quality on (none: not measured)", standard: "none").flatMap {
                $0 == "none" ? nil : $0
            }
        template.devices = Self.list(
            devices ?? question?.ask("Devices", standard: "all").flatMap { $0 == "all" ? nil : $0 } ?? ""
        )
        if let text = template.text, FileStatus(FilePath(text)) == nil {
            throw StepsError.badRequest("\(text): there is no such file. Give the path of a UTF-8 text.")
        }
        let path = FilePath(output ?? "\(template.pipelineName).yaml")
        let written = try template.write(to: path)
        Console.print("wrote \(written.map(\.string).joined(separator: " and "))")
        Console.message("next: edgepipe plan \(path)")
    }

    private static func list(_ text: String) -> [String] {
        text.split { $0 == "," || $0.isWhitespace }.map(String.init)
    }
}

/// Asks the user at the terminal.
private struct Question {
    /// - Returns: nil without a user at the terminal.
    init?() {
        guard Console.isInputTerminal, Console.isErrorTerminal else { return nil }
    }

    /// - Parameter standard: the value of an empty answer.
    /// - Returns: nil if the input ends, or the answer is empty.
    func ask(_ words: String, standard: String? = nil) -> String? {
        Console.prompt(standard.map { "\(words) [\($0)]: " } ?? "\(words): ")
        let answer = readLine()?.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return answer.isEmpty ? standard : answer
    }
}
