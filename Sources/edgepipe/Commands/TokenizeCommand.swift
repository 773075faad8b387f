import Answers
import ArgumentParser
import Foundation
import SystemPackage

struct TokenizeCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Print the token ids of a text.",
        discussion: """
            EXAMPLES
              edgepipe tokenize model.gguf "Hello there"
              edgepipe tokenize models/tiny-phi3 --file texts/sample.txt --json
              jq -c .prompt chats.jsonl | edgepipe tokenize model.gguf --json-lines
            """
    )

    @Argument(help: "A GGUF file, a Hugging Face folder, or hf://owner/name[@revision].")
    var model: String

    @Argument(help: "The text; default: standard input.")
    var text: String?

    @Option(help: ArgumentHelp("Read the text from a file.", valueName: "file"))
    var file: String?

    @Flag(help: "Do not add the tokens that begin and end a text.")
    var noBos = false

    @Flag(help: "Parse control tokens that are written out in the text.")
    var parseSpecial = false

    @Flag(
        help: """
            Read many texts, a JSON string on each line or an array of bytes, and print an array of token ids for each.
            """
    )
    var jsonLines = false

    @OptionGroup var hub: HubOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if text != nil, file != nil { throw ValidationError("Give the text or --file, not both.") }
    }

    func run() throws {
        let bytes = try bytes()
        let line = records.progressLine()
        let records = records
        let ids = try Tokenization.ids(
            model,
            texts: jsonLines ? try Tokenization.texts(jsonLines: bytes) : [bytes],
            addSpecial: !noBos,
            parseSpecial: parseSpecial,
            isOffline: hub.offline,
            remark: { records.remark($0) }
        ) { try line.track($0, $1, $2) }
        line.clear()
        if jsonLines {
            Console.print(ids.map { "[\(list($0, separator: ","))]\n" }.joined(), terminator: "")
            return
        }
        switch records.chosen {
        case .json, .jsonl: try Console.print(json: ids[0], isPretty: false)
        case .table, .csv, .markdown: Console.print(list(ids[0], separator: " "))
        }
    }

    private func list(_ ids: [Int32], separator: String) -> String {
        ids.map(String.init).joined(separator: separator)
    }

    private func bytes() throws -> [UInt8] {
        if let text { return Array(text.utf8) }
        if let file { return try Tokenization.text(FilePath(file)) }
        return Array(FileHandle.standardInput.readDataToEndOfFile())
    }
}
