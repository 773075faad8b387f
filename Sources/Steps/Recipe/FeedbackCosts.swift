import Architectures
import Evaluation
import GGUF
import Inference
import Quantization
import Recipes
import SystemPackage
import Tensors
import Work

/// The costs of weights that are rounded with error feedback. Feedback improves types and tensors by very different
/// shares, so a choice by plain errors would waste bytes where feedback helps for free.
struct FeedbackCosts {
    let model: LanguageModel
    let source: any ModelSource
    let options: QuantizationOptions
    let settings: FeedbackSettings
    let threads: Int

    /// The number of matrices of a stack that are rounded: the experts of a layer gain alike.
    private static let mostMatrices = 4

    /// - Parameters:
    ///   - file: contains the costs of plain rounding, except for finished tensors.
    ///   - progress: called for each layer; if it throws, the run ends, and `file` contains the results so far.
    func apply(
        to file: inout CostFile,
        _ text: [UInt8],
        of path: FilePath,
        _ progress: @escaping WorkProgress
    ) throws {
        let done = Set(file.fedBack)
        let items = try items(of: file.table).filter { !done.contains($0.name) }
        guard !items.isEmpty else { return }
        var options = CorrelationOptions()
        (options.tokens, options.threads) = (settings.tokens, threads)
        let widest = items.map { $0.plans[0].source.shape.rowLength }.max() ?? 0
        let run = try EvaluationError.naming(path) {
            try CorrelationRun(model, text: text, widest: widest, options)
        }
        let layers = model.shape.layers.count
        let windows = run.states.windows.count
        try run.begin()
        for stage in 0...(items.map(\.stage).max() ?? 0) {
            let own = items.filter { $0.stage == stage }
            let names = Set(own.map(\.name))
            let what = stage == layers ? "the output matrix" : "layer \(stage + 1) of \(layers)"
            let step = { (window: Int) throws in
                try progress("costs after feedback: \(what)", stage * windows + window, (layers + 1) * windows)
            }
            let inputs =
                stage == layers
                ? try run.runOutput(isWanted: names.contains, progress: step)
                : try run.run(layer: stage, isWanted: names.contains, progress: step)
            for group in Dictionary(grouping: own, by: { $0.inputs(inputs) }).values.sorted(by: {
                $0[0].name < $1[0].name
            }) {
                try step(windows)
                try mend(group, inputs, run, in: &file)
            }
        }
    }

    /// A tensor, and its result in each type that supports feedback.
    private struct Item {
        let name: String
        let stage: Int
        let plans: [PlannedTensor]

        /// Returns the identity of each matrix's inputs. Tensors with the same inputs share the inverse of their
        /// correlation.
        func inputs(_ inputs: [MatrixName: MatrixInputs]) -> [ObjectIdentifier?] {
            (0..<plans[0].matrixCount).map { inputs[MatrixName(name, matrix: $0)].map(ObjectIdentifier.init) }
        }
    }

    private func items(of table: CostTable) throws -> [Item] {
        var plans: [String: [PlannedTensor]] = [:]
        for type in TypeLadder.every where FeedbackRounding.canEncode(type) {
            let names = table.tensors.filter { $0[type] != nil }.map { ($0.name, type) }
            guard !names.isEmpty else { continue }
            let assignment = TypeAssignment(Dictionary(names) { first, _ in first })
            let part = ModelPart(of: source) { assignment[$0] != nil }
            var options = part.options(options)
            options.rounding = .feedback
            let plan = try QuantizationPlan(part, policy: .recipe("costs", assignment, base: .f16), options: options)
            for tensor in plan.tensors where tensor.mayFeedBack {
                plans[tensor.target.name, default: []].append(tensor)
            }
        }
        let hasOutput = source.tensors.contains { $0.name == "output.weight" }
        return table.tensors.compactMap { tensor in
            guard let own = plans[tensor.name],
                let stage = FeedbackItem.stage(of: own[0], hasOutput: hasOutput, model.shape)
            else { return nil }
            return Item(name: tensor.name, stage: stage, plans: own)
        }
    }

    private func mend(
        _ group: [Item],
        _ inputs: [MatrixName: MatrixInputs],
        _ run: CorrelationRun,
        in file: inout CostFile
    ) throws {
        let count = group[0].plans[0].matrixCount
        var fits = FeedbackFits(
            (0..<count).map { inputs[MatrixName(group[0].name, matrix: $0)] },
            damping: settings.damping,
            kernels: run.kernels,
            threads: threads
        )
        var remainders: [String: [TensorType: [Double]]] = [:]
        var found = 0
        for matrix in 0..<count where found < Self.mostMatrices {
            guard let fit = try QuantizationError.naming(source.path, { try fits.fit(matrix) }) else { continue }
            found += 1
            for item in group {
                for plan in item.plans {
                    let part = try FeedbackGain.remainder(
                        of: plan,
                        in: source,
                        matrix: matrix,
                        fit,
                        kernels: run.kernels,
                        threads: threads
                    )
                    remainders[item.name, default: [:]][plan.target.type, default: []].append(part)
                }
            }
        }
        for item in group {
            file.table.mend(item.name, (remainders[item.name] ?? [:]).mapValues { $0.reduce(0, +) / Double($0.count) })
            file.fedBack.append(item.name)
        }
    }
}

extension CostTable {
    /// Multiplies each cost by the share that remains after feedback.
    fileprivate mutating func mend(_ name: String, _ parts: [TensorType: Double]) {
        guard let index = tensors.firstIndex(where: { $0.name == name }) else { return }
        for choice in tensors[index].choices.indices {
            guard let type = tensors[index].choices[choice].tensorType, let part = parts[type] else { continue }
            tensors[index].choices[choice].cost *= part
        }
    }
}
