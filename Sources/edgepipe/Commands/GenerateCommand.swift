import Answers
import ArgumentParser
import SystemPackage

struct GenerateCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue a text: a quick check that a build works.",
        discussion: """
            EXAMPLES
              edgepipe generate model.gguf --prompt "Once upon a time" -n 64 --greedy
              edgepipe generate model.gguf --prompt "Once upon a time" --seed 7
              edgepipe generate model.gguf --prompt "What is the capital of France?" --chat
            """
    )

    @Argument(help: "The GGUF file to run.")
    var model: String

    @Option(help: ArgumentHelp("The text to continue.", valueName: "text"))
    var prompt: String

    @Flag(help: "Ask the prompt as a question, in the format of the model's chat template.")
    var chat = false

    @Option(name: .customShort("n"), help: ArgumentHelp("Maximum number of tokens to generate.", valueName: "n"))
    var count = 64

    @Flag(help: "Always choose the most likely token.")
    var greedy = false

    @Option(help: ArgumentHelp("Sampling temperature; default: 0.8.", valueName: "t"))
    var temperature: Float?

    @Option(help: ArgumentHelp("Random seed; the same seed gives the same text. Default: 0.", valueName: "n"))
    var seed: UInt64?

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if !(1...1_000_000).contains(count) { throw ValidationError("-n takes 1 to 1000000.") }
        if let temperature, !(temperature >= 0 && temperature <= 10) {
            throw ValidationError("--temperature takes 0 to 10.")
        }
        if greedy {
            try refuse(
                ignored: ["--temperature": temperature != nil, "--seed": seed != nil],
                because: "--greedy leaves nothing to chance."
            )
        }
    }

    func run() throws {
        let isStreaming = records.chosen == .table
        let report = try GenerationReport(
            continuing: prompt,
            with: FilePath(model),
            isQuestion: chat,
            limit: count,
            greedy: greedy,
            temperature: temperature ?? 0.8,
            seed: seed ?? 0,
            threads: work.threadCount
        ) { piece in
            if isStreaming { Console.print(generated: piece) }
        }
        guard isStreaming else {
            try records.print(report) { _ in report.text }
            return
        }
        Console.print("")
        if !records.quiet {
            Console.error("\(report.tokens.count) tokens, \(numberText(report.tokensPerSecond, 1)) a second")
        }
    }
}
