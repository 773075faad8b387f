import Answers
import ArgumentParser
import DeviceFit
import Pipeline
import Settings
import Steps
import SystemPackage

/// Shows how a model performs on phones: estimated here, or imported from measurements.
struct FitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Estimate memory, speed, heat and battery of a model on phones.",
        discussion: """
            EXAMPLES
              edgepipe fit model.gguf --device pixel-8 --device iphone-15
              edgepipe fit model.gguf --context 2048 --kv-type q8_0 --json
              edgepipe fit import bench.json --build phi3@1.0.0:q4_k_m --device galaxy-s23

            Every number is a range with its confidence and source; tables show the middle.
            """,
        subcommands: [EstimateCommand.self, ImportCommand.self],
        defaultSubcommand: EstimateCommand.self
    )
}

extension FitCommand {
    struct EstimateCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "estimate",
            abstract: "Estimate a model on phones (the default subcommand).",
            discussion: """
                EXAMPLES
                  edgepipe fit estimate model.gguf --device pixel-8 --device iphone-15
                  edgepipe fit estimate gemma3.gguf --mmproj mmproj-gemma3.gguf --device pixel-8
                """
        )

        @Argument(help: "The GGUF file.")
        var model: String

        @Option(help: .setting(FitSettings.self, "devices", "id"))
        var device: [String] = []

        @Option(
            name: .customLong("os"),
            help: ArgumentHelp(
                "Version of the operating system, which decides memory limits: 17, 26.4.",
                valueName: "version"
            )
        )
        var system: String?

        @Option(help: .setting(FitSettings.self, "context", "n"))
        var context: Int?

        @Option(help: .setting(FitSettings.self, "kv-type", "type"))
        var kvType = "f16"

        @Option(help: ArgumentHelp("Prompt tokens that are processed at once.", valueName: "n"))
        var batch = 512

        @Option(help: ArgumentHelp("The projector (mmproj) that is loaded beside the model.", valueName: "file"))
        var mmproj: String?

        @OptionGroup var records: OutputOptions

        func run() throws {
            let records = records
            let settings = try FitSettings(options: [
                "devices": .list(device), "context": context.map { .number($0) }, "kv-type": .text(kvType),
            ])
            let estimates = try Operations.fit(
                FilePath(model),
                devices: settings.devices,
                system: system,
                context: settings.context,
                kvType: settings.kvType,
                batch: batch,
                projector: mmproj.map { FilePath($0) },
                remark: { records.remark($0) }
            )
            let columns = [
                "device", "verdict", "peak memory", "limit", "tokens/s", "after 10 min", "prompt tokens/s",
                "%/1k tokens",
                "confidence",
            ]
            try records.print(estimates, columns: columns) { estimate in
                [
                    estimate.target, estimate.verdict.rawValue, sizeText(estimate.memory.total.mid),
                    sizeText(estimate.limitBytes), numberText(estimate.decode?.mid, 1),
                    numberText(estimate.sustainedDecode?.mid, 1), numberText(estimate.prefill.mid, 0),
                    numberText(estimate.batteryPercentPer1kTokens?.mid, 3), estimate.confidence.rawValue,
                ]
            }
            if let first = estimates.first, first.decode == nil {
                records.remark("note: the model turns texts into vectors or scores; its speed is that of reading them")
            }
            if let predictors = estimates.first?.memory.predictors {
                records.remark(
                    "note: layers that predict further tokens take \(sizeText(predictors)) of the file; engines leave them on the disk"
                )
            }
        }
    }

    struct ImportCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Import measurements of a build on a device; they replace its estimates.",
            discussion: """
                EXAMPLES
                  edgepipe fit import bench.json --build phi3@1.0.0:q4_k_m --device galaxy-s23
                  edgepipe fit import profile.json --build phi3:q4_k_m --device galaxy-s24 --tokens-per-inference 128

                Takes JSON or JSON lines of llama-bench (`llama-bench -m model.gguf -p 512 -n 128 -o json`), and \
                profiles of Qualcomm AI Hub, which time one run of a graph.
                """
        )
        @Argument(help: "The file of results.") var file: String
        @Option(help: ArgumentHelp("The build that was measured.", valueName: "model[@version][:type]")) var build:
            String
        @Option(help: ArgumentHelp("A device of `edgepipe devices`.", valueName: "id")) var device: String
        @Option(help: ArgumentHelp("For an AI Hub profile: tokens a run; 1 if its graph generates.", valueName: "n"))
        var tokensPerInference = 1
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let results = try DeviceMeasurementFile(FilePath(file), tokensPerInference: tokensPerInference)
            let report = try registry.changing { try $0.importMeasurements(results, of: build, on: device) }
            try records.print(report) { _ in
                let lines = report.measurements.map { line in
                    "\(line.metric) \(numberText(line.value, 2)) \(line.unit) [\(line.source)]"
                }
                return (["\(report.build) on \(report.device):"] + lines + report.remarks.map { "note: \($0)" }).asLines
            }
        }
    }
}
