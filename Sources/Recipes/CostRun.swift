import BlockFormats
import GGUF
import Quantization
import Tensors
import Work

/// Computes the cost of each tensor of a model at each type of a ladder.
public struct CostRun: Sendable {
    /// The original model.
    public let source: any ModelSource
    /// The types to compute costs for.
    public let ladder: TypeLadder
    /// Factors by tensor. A tensor without them is used for lookup and not for multiplication; all its errors count
    /// equally until it is measured.
    public let factors: [String: TensorFactors]
    /// How the model will be quantized; the importance matrix weights the columns.
    public let options: QuantizationOptions
    /// The number of threads; costs do not depend on it.
    public let threads: Int

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        _ source: any ModelSource,
        _ ladder: TypeLadder,
        factors: [String: TensorFactors],
        options: QuantizationOptions,
        threads: Int = 1
    ) {
        (self.source, self.ladder, self.factors) = (source, ladder, factors)
        (self.options, self.threads) = (options, threads)
    }

    /// - Parameters:
    ///   - earlier: the table of an interrupted run, whose tensors are reused.
    ///   - progress: called before each tensor with the table so far; an error that it throws ends the run.
    /// - Throws: `RecipeError` for factors of another model; `QuantizationError`; errors of the source.
    public func table(
        continuing earlier: CostTable? = nil,
        progress: (_ tensor: String, _ done: Int, _ total: Int, CostTable) throws -> Void = { _, _, _, _ in }
    ) throws -> CostTable {
        let kernels = try Kernels.selected()
        let free = try QuantizationPlan(source, as: .q8_0, options: options).freeTensors
        guard !free.isEmpty else { throw RecipeError.nothingToChoose }
        let total = free.reduce(0) { $0 + $1.shape.elementCount }
        let originals = Dictionary(source.tensors.map { ($0.name, $0) }) { first, _ in first }
        var table = CostTable(tensors: [])
        var done = 0
        for target in free {
            try progress(target.name, done, total, table)
            done += target.shape.elementCount
            if let known = earlier?[target.name], isComplete(known, target) {
                table.tensors.append(known)
                continue
            }
            guard let original = originals[target.name] else {
                throw RecipeError.tableOfAnotherModel(tensor: target.name)
            }
            table.tensors.append(try costs(of: original, kernels))
        }
        return table
    }

    private func isComplete(_ known: CostTable.Tensor, _ tensor: GGUFTensor) -> Bool {
        known.choices.map(\.type) == types(of: tensor).map(\.name)
    }

    private func types(of tensor: GGUFTensor) -> [TensorType] {
        ladder.types(rowLength: tensor.shape.rowLength)
    }

    private func costs(of tensor: GGUFTensor, _ kernels: Kernels) throws -> CostTable.Tensor {
        let own = try factors[tensor.name].map { try checked($0, tensor) }
        let used = own ?? TensorFactors(evenOver: tensor)
        let estimate = CostEstimate(
            tensor,
            used,
            importance: try options.importanceMatrix?.values(for: tensor),
            kernels: kernels
        )
        let types = types(of: tensor)
        // Types with a long search are rounded on other threads than those with a short one.
        let losses = try types.concurrentMap(threads: threads) { type in
            try estimate.losses([type], source.makeReader())[0]
        }
        let energy = try estimate.energy(source.makeReader())
        guard energy.isFinite, losses.allSatisfy(\.isFinite) else { throw RecipeError.notFinite(tensor: tensor.name) }
        let choices = zip(types, losses).compactMap { type, loss -> CostTable.Choice? in
            guard let made = GGUFTensor(name: tensor.name, type: type, shape: tensor.shape) else { return nil }
            return CostTable.Choice(type: type, bytes: made.byteCount, cost: loss * energy)
        }
        return CostTable.Tensor(name: tensor.name, source: used.isAbsolute ? .fisher : .unknown, choices: choices)
    }

    private func checked(_ factors: TensorFactors, _ tensor: GGUFTensor) throws -> TensorFactors {
        guard factors.rows.count == tensor.shape.rowCount, factors.columnCount == tensor.shape.rowLength else {
            throw RecipeError.factorsOfAnotherModel(tensor: tensor.name, path: source.path)
        }
        guard factors.rows.allSatisfy(\.isFinite), factors.columns.allSatisfy(\.isFinite) else {
            throw RecipeError.notFinite(tensor: tensor.name)
        }
        return factors
    }
}
