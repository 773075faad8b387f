import GGUF
import Pipeline
import Quantization
import Registry
import SystemPackage

/// A step with one node that runs a model over a text and makes an importance matrix.
protocol ImportanceMaker: Step {
    /// Increased whenever the same model and text would give a different result.
    static var version: Int { get }

    /// The step whose model is run.
    var model: ConvertStep { get }
    var text: FilePath { get }
    var textInput: StepKey.Input { get }
    /// The text's path as written in the pipeline file, which is its name in the matrix.
    var dataset: String { get }
    /// The settings that decide the result.
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

    /// The file's name as recorded in the builds that are made with it.
    var fileName: String { "\(id).gguf" }

    /// A stand-in for the importance matrix before it is made. Plans are the same with it.
    var standIn: ImportanceMatrix { .standIn(for: model.work.tensors, path: fileName, dataset: dataset) }

    /// Returns the file after it is made.
    func importanceFile(_ context: StepContext) -> FilePath { context.product(of: node.name).files[0].path }

    func lineage(_ context: StepContext) -> [LineageEdge] {
        let origins = context.product(of: model.node.name).files.map { $0.digest }
        return LineageEdge.edges(from: origins + node.givenFiles, to: node, context)
            + model.lineage(of: model.node, context)
    }

    /// - Parameters:
    ///   - passes: how many times the products of a forward pass are computed for each token.
    ///   - context: the number of tokens per window.
    ///   - chunks: the largest number of windows; nil for the whole text.
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
