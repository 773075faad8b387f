import GGUF
import Quantization
import Tensors
import TestSupport
import Testing

@Suite struct LayerPruningTests {
    private func names(_ pruned: Set<Int>, of tensors: [String]) throws -> [String] {
        let model = try SmallModel(
            tensors.map { ($0, TensorType.f16, [256, 2], [1]) },
            metadata: metadata("llama", layers: 12)
        )
        var options = QuantizationOptions()
        options.prunedLayers = pruned
        return try QuantizationPlan(model.open(), as: .q8_0, options: options).tensors.map(\.target.name)
    }

    @Test(
        arguments: [
            ([], ["blk.0.ffn_up.weight", "blk.1.ffn_up.weight", "blk.2.ffn_up.weight", "blk.10.ffn_up.weight"]),
            ([1], ["blk.0.ffn_up.weight", "blk.1.ffn_up.weight", "blk.2.ffn_up.weight"]),
            ([0, 2], ["blk.0.ffn_up.weight", "blk.1.ffn_up.weight"]),
            ([99], ["blk.0.ffn_up.weight", "blk.1.ffn_up.weight", "blk.2.ffn_up.weight", "blk.10.ffn_up.weight"]),
        ] as [(Set<Int>, [String])]
    )
    func layersBehindTheGapMoveUp(_ pruned: Set<Int>, _ left: [String]) throws {
        let tensors = ["blk.0", "blk.1", "blk.2", "blk.10"].map { "\($0).ffn_up.weight" }
        #expect(try names(pruned, of: tensors + ["output.weight"]) == ["output.weight"] + left)
    }

    @Test func aModelWithoutLayersIsNone() {
        #expect(throws: QuantizationError.self) { try names([0], of: ["blk.0.ffn_up.weight", "output.weight"]) }
    }

    /// The matrix was made before the layers moved.
    @Test func theMatrixIsAskedForTheOldNames() throws {
        let model = try SmallModel(
            [
                ("blk.0.ffn_up.weight", .f16, [256, 2], [1]), ("blk.1.ffn_up.weight", .f16, [256, 2], [1]),
                ("blk.2.ffn_up.weight", .f16, [256, 2], [1]),
            ],
            metadata: metadata("llama", layers: 3)
        )
        var options = QuantizationOptions()
        options.prunedLayers = [1]
        options.importanceMatrix = ImportanceMatrix(
            path: "m",
            entries: ["blk.2.ffn_up.weight": [Float](repeating: 1, count: 256)],
            dataset: nil,
            chunkCount: 1
        )
        let plan = try QuantizationPlan(model.open(), as: .q4_K_M, options: options)
        #expect(plan.unweighted.map(\.target.name) == ["blk.0.ffn_up.weight"])
    }
}
