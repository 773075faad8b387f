import ArgumentParser
import Pipeline
import Settings
import Steps
import SystemPackage

struct ConvertCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Convert a Hugging Face model to GGUF, or a GGUF file to another type.",
        discussion: """
            EXAMPLES
              edgepipe convert models/tiny-phi3 -o tiny-phi3.gguf --type f16
              edgepipe convert hf://microsoft/Phi-3-mini-4k-instruct -o phi3.gguf

              edgepipe convert models/phi3 -o tuned.gguf --lora my-adapter --lora other=0.5
              edgepipe convert models/phi3 -o adapter.gguf --lora my-adapter --lora-only
              edgepipe convert phi3-f16.gguf -o tuned.gguf --lora my-adapter

              edgepipe convert hf://google/gemma-3-4b-it -o mmproj-gemma3.gguf --mmproj --type f16

            Types: \(ConvertSettings.types.joined(separator: ", ")); auto keeps the checkpoint's own. Pre-tokenizers \
            for --pre: llama-bpe, qwen2, gpt-2, smollm and others that llama.cpp knows.
            """
    )

    @Argument(help: "A model folder, or hf://owner/name[@revision], which is downloaded unless it is cached.")
    var model: String

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The GGUF file to write.", valueName: "file"))
    var output: String

    @Option(help: .setting(ConvertSettings.self, "type", "type"))
    var type = "auto"

    @Option(help: .setting(ConvertSettings.self, "pre", "name"))
    var pre: String?

    @Option(
        help: ArgumentHelp(
            "Merge a LoRA adapter (a PEFT folder; for a GGUF model also a GGUF file), scaled by this factor.",
            valueName: "folder[=scale]"
        )
    )
    var lora: [String] = []

    @Flag(help: "Write the adapter of --lora as a file of its own, which llama.cpp loads beside a build of the model.")
    var loraOnly = false

    @Flag(
        help:
            "Write the vision part (projector and tower) as a file of its own, which llama.cpp loads beside a build of the model."
    )
    var mmproj = false

    @Flag(help: "Reject a model that no engine can load, instead of warning about it.")
    var strict = false

    @Option(help: .setting(ConvertSettings.self, "pad-vocab", "count"))
    var padVocab: String?

    @Flag(help: .setting(ConvertSettings.self, "allow-nonfinite"))
    var allowNonfinite = false

    @Flag(help: .setting(ConvertSettings.self, "dense-modules"))
    var denseModules = false

    @OptionGroup var hub: HubOptions
    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let line = records.progressLine()
        let records = records
        let report = try Operations.convert(
            model,
            to: FilePath(output),
            try request,
            threads: work.threadCount,
            remark: { records.remark($0) }
        ) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { _ in
            "\(report.output): \(report.type), \(report.tensors) tensors, \(report.parameters) weights, "
                + sizeText(report.bytes)
        }
    }

    private var request: ConvertRequest {
        get throws {
            let settings = try ConvertSettings(options: [
                "type": .text(type), "pre": pre.map { .text($0) }, "allow-nonfinite": .flag(allowNonfinite),
                "pad-vocab": padVocab.map { .text($0) },
                "dense-modules": .flag(denseModules),
            ])
            var request = ConvertRequest(settings)
            (request.adapters, request.adapterOnly, request.projectorOnly) = (lora, loraOnly, mmproj)
            (request.isStrict, request.isOffline) = (strict, hub.offline)
            return request
        }
    }
}
