import ArgumentParser
import DeviceFit
import Pipeline
import SystemPackage

struct FitCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Estimate memory, speed, heat and battery of a model on phones.",
        discussion: """
            EXAMPLES
              edgepipe fit model.gguf --device pixel-8 --device iphone-15
              edgepipe fit model.gguf --context 2048 --kv-type q8_0 --json

            Every number is a range with its confidence and source; tables show the middle.
            """
    )

    @Argument(help: "The GGUF file.")
    var model: String

    @Option(help: ArgumentHelp("A device of `edgepipe devices`; all where none is given.", valueName: "id"))
    var device: [String] = []

    @Option(help: ArgumentHelp("Tokens of context.", valueName: "n"))
    var context: Int?

    @Option(help: ArgumentHelp("Element type of the key-value cache.", valueName: "type"))
    var kvType = "f16"

    @Option(help: ArgumentHelp("Tokens processed at once while a prompt is read.", valueName: "n"))
    var batch = 512

    @OptionGroup var records: OutputOptions

    func run() throws {
        let estimates = try Operations.fit(
            FilePath(model),
            devices: device,
            context: context,
            kvType: kvType,
            batch: batch
        )
        let columns = [
            "device", "verdict", "peak memory", "limit", "tokens/s", "after 10 min", "prompt tokens/s", "%/1k tokens",
            "confidence",
        ]
        try records.print(estimates, columns: columns) { estimate in
            [
                estimate.target, estimate.verdict.rawValue, sizeText(estimate.memory.total.mid),
                sizeText(estimate.limitBytes), numberText(estimate.decode.mid, 1),
                numberText(estimate.sustainedDecode.mid, 1), numberText(estimate.prefill.mid, 0),
                numberText(estimate.batteryPercentPer1kTokens?.mid, 3), estimate.confidence.rawValue,
            ]
        }
    }
}
