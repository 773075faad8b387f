import Evaluation
import GGUF
import Inference
import Recipes
import SystemPackage
import Tensors
import Work

/// The divergence caused by one tensor alone in a type.
struct MeasuredCost {
    let tensor: String
    let type: TensorType
    let kld: Double
}

extension Operations {
    /// Measures tensors of a build, each of which replaces the model's own in turn.
    static func measuredCosts(
        _ model: LanguageModel,
        build: FilePath,
        _ text: [UInt8],
        context: Int,
        chunks: Int,
        threads: Int,
        progress: @escaping WorkProgress,
        where isWanted: (String) -> Bool
    ) throws -> [MeasuredCost] {
        let options = EvaluationOptions(context: context, chunks: chunks, threads: threads)
        let run = try SensitivityRun(model, build: try GGUFFile(path: build), options, where: isWanted)
        let result = try run.measure(text: text) { try progress("measuring \($0.tensor)", $0.done, $0.total) }
        return result.tensors.compactMap { tensor in
            TensorType(name: tensor.type).map { MeasuredCost(tensor: tensor.name, type: $0, kld: tensor.kld) }
        }
    }
}

extension CostTable {
    /// Returns the table with the measured costs of the tensors; other types are scaled in proportion.
    func scaled(to measured: [MeasuredCost]) -> CostTable {
        var table = self
        for cost in measured {
            guard let index = table.tensors.firstIndex(where: { $0.name == cost.tensor }),
                let choice = table.tensors[index][cost.type], choice.cost > 0
            else { continue }
            table.tensors[index] = table.tensors[index].scaled(by: cost.kld / choice.cost, source: .measured)
        }
        return table
    }
}

extension CostTable.Tensor {
    /// Returns the type whose bits per weight are nearest.
    func middleType(_ bits: Double) -> TensorType? {
        choices.compactMap(\.tensorType).min { abs($0.bitsPerElement - bits) < abs($1.bitsPerElement - bits) }
    }
}
