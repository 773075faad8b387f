import BinaryIO
import Pipeline
import Quantization
import Registry
import SystemPackage

/// Computes the cost of each tensor of a model at each type, and an importance matrix along with it.
struct SensitivityStep: ImportanceMaker {
    static let version = 1

    let id: String
    let settings: SensitivitySettings
    let model: ConvertStep
    let text: FilePath
    let textInput: StepKey.Input

    let kind = SensitivitySettings.kind
    var needs: [String] { settings.needs }
    var dataset: String { settings.text }

    var entries: [String: String] {
        [
            "ladder": "\(settings.ladder)", "context": "\(settings.context)", "chunks": "\(settings.chunks)",
            "seed": "\(settings.seed)",
        ]
    }

    /// Returns the computed costs.
    func costs(_ context: StepContext) throws -> CostFile {
        try CostFile(path: context.product(of: node.name).files[1].path)
    }

    /// Returns the costs in the form of the registry; nil if the file no longer exists, because finished builds do not
    /// need it.
    func record(_ context: StepContext) throws -> SensitivityRecord? {
        guard FileStatus(context.product(of: node.name).files[1].path) != nil else { return nil }
        return try costs(context).record
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        forecast(
            // One forward pass, and a backward pass with twice the products.
            passes: 3,
            context: settings.context,
            chunks: settings.chunks,
            threads: threads,
            peakMemoryBytes: model.memory.gradients(
                context: settings.context,
                threads: threads,
                textBytes: FileStatus(text)?.byteCount ?? 0
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
