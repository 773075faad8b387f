import BinaryIO
import Inference
import Pipeline
import SystemPackage

/// An importance matrix of a model on a text.
struct ImatrixStep: ImportanceMaker {
    static let version = 1

    let id: String
    let settings: ImatrixSettings
    let model: ConvertStep
    let text: FilePath
    let textInput: StepKey.Input

    let kind = ImatrixSettings.kind
    var needs: [String] { settings.needs }
    var dataset: String { settings.text }

    var entries: [String: String] {
        [
            "context": "\(settings.context)", "chunks": settings.chunks.map { "\($0)" } ?? "all",
            "parseSpecial": "\(settings.parsesSpecial)", "processOutput": "\(settings.includesOutput)",
        ]
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        let memory = model.memory.evaluating(
            models: 1,
            SessionOptions(context: settings.context, threads: threads, readsWholeTexts: true),
            windows: 1,
            scores: 1,
            logits: settings.includesOutput ? settings.context : settings.context / 2,
            textBytes: FileStatus(text)?.byteCount ?? 0
        )
        return forecast(
            passes: 1,
            context: settings.context,
            chunks: settings.chunks,
            threads: threads,
            peakMemoryBytes: memory + 2 * model.memory.sums
        )
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        var request = ImportanceRequest(settings, model: try context.build(model.node).path, text: text)
        request.threads = context.threads
        let output = try context.folder(for: node).appending(fileName)
        _ = try Operations.importanceMatrix(request, to: output, progress: context.progress)
        return [try StepProduct(files: [output], facts: fileName)]
    }
}
