import Pipeline
import Quantization
import Registry
import SystemPackage

/// A step that makes an importance matrix.
protocol ImportanceMaker: Step {
    var node: StepNode { get }
    /// What the builds that are made with it say.
    var fileName: String { get }
    /// What stands for the importance matrix before it is made: plans are the same with it.
    var standIn: ImportanceMatrix { get }

    /// The file, once it is made.
    func importanceFile(_ context: StepContext) -> FilePath
    func lineage(_ context: StepContext) -> [LineageEdge]
}
