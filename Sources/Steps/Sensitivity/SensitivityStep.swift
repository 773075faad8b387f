import BinaryIO
import GGUF
import Pipeline
import Quantization
import Recipes
import Registry
import SystemPackage

/// What each tensor of a model costs at each type, and the importance matrix that comes with it.
struct SensitivityStep: ImportanceMaker {
    /// Raised whenever the same model and text would give other costs.
    static let version = 1

    let id: String
    let settings: SensitivitySettings
    let model: ConvertStep
    let text: FilePath
    let textInput: StepKey.Input

    let kind = SensitivitySettings.kind
    var needs: [String] { settings.needs }
    var nodes: [StepNode] { [node] }

    var node: StepNode {
        let key = StepKey(
            kind: kind,
            version: Self.version,
            settings: [
                "ladder": "\(settings.ladder)", "context": "\(settings.context)", "chunks": "\(settings.chunks)",
                "seed": "\(settings.seed)", "dataset": settings.text, "name": fileName,
            ],
            inputs: ["model": model.node.asInput, "text": textInput]
        )
        return StepNode(StepNode.Name(step: id), key)
    }

    var fileName: String { "\(id).gguf" }

    var standIn: ImportanceMatrix {
        .standIn(for: model.work.tensors, path: fileName, dataset: settings.text)
    }

    func importanceFile(_ context: StepContext) -> FilePath { context.product(of: node.name).files[0].path }

    /// What was worked out.
    func costs(_ context: StepContext) throws -> CostFile {
        try CostFile(path: context.product(of: node.name).files[1].path)
    }

    /// The same as the registry keeps it; nil where the file is gone, since builds that are made need it no more.
    func record(_ context: StepContext) throws -> SensitivityRecord? {
        guard FileStatus(context.product(of: node.name).files[1].path) != nil else { return nil }
        return try costs(context).record
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
            peakMemoryBytes: Throughput.fixedMemory + 2 * Throughput.evaluationMemory,
            // A pass forward, and one back of twice its products.
            work: Throughput.evaluation(
                weights: 3 * model.work.tensors.elementCount,
                tokens: tokens,
                threads: threads
            )
        )
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        var request = CostRequest(model: try context.build(model.node).path, text: text)
        (request.ladder, request.context, request.chunks) = (settings.ladder, settings.context, settings.chunks)
        (request.seed, request.threads) = (UInt64(settings.seed), context.threads)
        let folder = try context.folder(for: node)
        let costed = try Operations.costedModel(
            request,
            QuantizationOptions(),
            in: folder,
            remark: context.remark,
            progress: context.progress
        )
        return [try StepProduct(files: [costed.importanceFile, costed.costFile], facts: fileName)]
    }
}
