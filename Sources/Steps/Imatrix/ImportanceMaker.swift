import GGUF
import Pipeline
import Quantization
import Registry
import SystemPackage

/// A step that runs a model over a text and makes an importance matrix of it: one node.
protocol ImportanceMaker: Step {
    /// Raised whenever the same model and text would give something else.
    static var version: Int { get }

    /// What is run.
    var model: ConvertStep { get }
    var text: FilePath { get }
    var textInput: StepKey.Input { get }
    /// The text as the pipeline file writes its path: the matrix names it so.
    var dataset: String { get }
    /// The settings that decide what is made.
    var entries: [String: String] { get }
}

extension ImportanceMaker {
    var nodes: [StepNode] { [node] }

    var node: StepNode {
        // The file's name becomes part of the builds that are made with it.
        let own = ["dataset": dataset, "name": fileName]
        let key = StepKey(
            kind: kind,
            version: Self.version,
            settings: entries.merging(own) { $1 },
            inputs: ["model": model.node.asInput, "text": textInput]
        )
        return StepNode(StepNode.Name(step: id), key)
    }

    /// What the builds that are made with it say.
    var fileName: String { "\(id).gguf" }

    /// What stands for the importance matrix before it is made: plans are the same with it.
    var standIn: ImportanceMatrix { .standIn(for: model.work.tensors, path: fileName, dataset: dataset) }

    /// The file, once it is made.
    func importanceFile(_ context: StepContext) -> FilePath { context.product(of: node.name).files[0].path }

    func lineage(_ context: StepContext) -> [LineageEdge] {
        let origins = context.product(of: model.node.name).files.map { $0.digest }
        return LineageEdge.edges(from: origins + node.givenFiles, to: node, context)
            + model.lineage(of: model.node, context)
    }

    /// - Parameters:
    ///   - passes: how often the products of a pass forward are computed for each token.
    ///   - context: tokens of a window.
    ///   - chunks: at most this many windows; nil for all of the text.
    func forecast(passes: Int, context: Int, chunks: Int?, threads: Int, peakMemoryBytes: Int) -> Forecast {
        Forecast(
            outputs: [Forecast.Output(name: fileName, bytes: nil)],
            peakMemoryBytes: peakMemoryBytes,
            work: Throughput.evaluation(
                weights: passes * model.work.tensors.elementCount,
                tokens: Throughput.tokens(of: text, context: context, chunks: chunks),
                threads: threads
            )
        )
    }
}
