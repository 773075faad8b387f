import BinaryIO
import GGUF
import Pipeline
import Quantization
import Registry
import SystemPackage

/// An importance matrix of a model on a text.
struct ImatrixStep: ImportanceMaker {
    /// Raised whenever the same model and text would give another importance matrix.
    static let version = 1

    let id: String
    let settings: ImatrixSettings
    let model: ConvertStep
    let text: FilePath
    let textInput: StepKey.Input

    let kind = ImatrixSettings.kind
    var needs: [String] { settings.needs }
    var nodes: [StepNode] { [node] }

    var node: StepNode {
        let key = StepKey(
            kind: kind,
            version: Self.version,
            settings: [
                // The matrix names its text, as the pipeline file does.
                "dataset": settings.text, "context": "\(settings.context)",
                "chunks": settings.chunks.map { "\($0)" } ?? "all", "parseSpecial": "\(settings.parsesSpecial)",
                "processOutput": "\(settings.includesOutput)",
                // The file's name becomes part of the builds that are made with it.
                "name": fileName,
            ],
            inputs: ["model": model.node.asInput, "text": textInput]
        )
        return StepNode(StepNode.Name(step: id), key)
    }

    var fileName: String { "\(id).gguf" }

    func importanceFile(_ context: StepContext) -> FilePath { context.product(of: node.name).files[0].path }

    var standIn: ImportanceMatrix {
        .standIn(for: model.work.tensors, path: fileName, dataset: settings.text)
    }

    func lineage(_ context: StepContext) -> [LineageEdge] {
        let origins = context.product(of: model.node.name).files.map { $0.digest }
        return LineageEdge.edges(from: origins + node.givenFiles, to: node, context)
            + model.lineage(of: model.node, context)
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        let tokens = Throughput.tokens(of: text, context: settings.context, chunks: settings.chunks)
        return Forecast(
            outputs: [Forecast.Output(name: fileName, bytes: nil)],
            peakMemoryBytes: Throughput.fixedMemory + Throughput.evaluationMemory,
            work: Throughput.evaluation(
                weights: model.work.tensors.elementCount,
                tokens: tokens,
                threads: threads
            )
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
