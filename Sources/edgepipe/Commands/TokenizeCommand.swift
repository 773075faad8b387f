import ArgumentParser
import Foundation
import Pipeline
import SystemPackage

struct TokenizeCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Print the token ids of a text.",
        discussion: """
            EXAMPLES
              edgepipe tokenize model.gguf "Hello there"
              edgepipe tokenize models/tiny-phi3 --file texts/sample.txt --json
            """
    )

    @Argument(help: "A GGUF file, a Hugging Face folder, or hf://owner/name[@revision].")
    var model: String

    @Argument(help: "The text; standard input where neither it nor --file is given.")
    var text: String?

    @Option(help: ArgumentHelp("Read the text from a file.", valueName: "file"))
    var file: String?

    @Flag(help: "Leave out the tokens that begin and end a text.")
    var noBos = false

    @Flag(help: "Take control tokens written out in the text for tokens.")
    var parseSpecial = false

    @OptionGroup var hub: HubOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if text != nil, file != nil { throw ValidationError("Give the text or --file, not both.") }
    }

    func run() throws {
        let line = records.progressLine()
        let records = records
        let ids = try Operations.tokenize(
            model,
            text: try bytes(),
            addSpecial: !noBos,
            parseSpecial: parseSpecial,
            isOffline: hub.offline,
            remark: { records.remark($0) }
        ) { detail, done, total in
            try Interruption.check()
            line.update(detail, done, total)
        }
        line.clear()
        switch records.chosen {
        case .json, .jsonl: try Console.print(json: ids, isPretty: false)
        case .table, .csv, .markdown: Console.print(ids.map { "\($0)" }.joined(separator: " "))
        }
    }

    private func bytes() throws -> [UInt8] {
        if let text { return Array(text.utf8) }
        if let file { return try Operations.text(FilePath(file)) }
        return Array(FileHandle.standardInput.readDataToEndOfFile())
    }
}
