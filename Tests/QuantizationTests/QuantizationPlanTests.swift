import GGUF
import Quantization
import Tensors
import TestSupport
import Testing

@Suite struct QuantizationPlanTests {
    private func problem(
        _ model: SmallModel,
        _ fileType: FileType = .q4_K_M,
        _ options: QuantizationOptions = .init()
    ) throws -> QuantizationProblem? {
        let source = try model.open()
        let error = #expect(throws: QuantizationError.self) {
            _ = try QuantizationPlan(source, as: fileType, options: options)
        }
        #expect(error?.path == model.path)
        return error?.problem
    }

    @Test func metadataPassesThroughAndTwoKeysEndIt() throws {
        var metadata = metadata("llama", layers: 1)
        metadata.set("general.file_type", .uint32(1))
        metadata.set("general.quantization_version", .uint32(2))
        metadata.set("split.count", .uint16(1))
        metadata.set("split.no", .uint16(0))
        metadata.set("split.tensors.count", .int32(1))
        metadata.set("last", .string("x"))
        let model = try SmallModel([("output.weight", .f16, [256, 2], [1])], metadata: metadata)
        let plan = try QuantizationPlan(model.open(), as: .q5_K_S)
        let header = try GGUFFile(
            path: model.folder.write(
                plan.layouts[0].headerBytes + [UInt8](repeating: 0, count: plan.byteCount),
                to: "planned.gguf"
            )
        )
        #expect(
            header.metadata.pairs.map(\.key) == [
                "general.architecture", "llama.block_count", "llama.attention.head_count",
                "llama.attention.head_count_kv", "last", "general.quantization_version", "general.file_type",
            ]
        )
        #expect(header.metadata["general.file_type"] == .uint32(FileType.q5_K_S.rawValue))
        #expect(header.tensors.map(\.type) == [.q6_K])
    }

    @Test func tensorsAreSortedAndSizesAddUp() throws {
        let model = try SmallModel([
            ("blk.10.ffn_up.weight", .f16, [256, 4], [1]), ("blk.2.ffn_up.weight", .f16, [256, 4], [1]),
            ("output_norm.weight", .f32, [256], [1]), ("output.weight", .f16, [40, 4], [1]),
        ])
        let plan = try QuantizationPlan(model.open(), as: .q4_K_M)
        #expect(
            plan.tensors.map(\.target.name) == [
                "output.weight", "output_norm.weight", "blk.2.ffn_up.weight", "blk.10.ffn_up.weight",
            ]
        )
        // Rows of 40 are no blocks of 256 nor of 32.
        #expect(plan.tensors.map(\.target.type) == [.f16, .f32, .q4_K, .q4_K])
        #expect(plan.tensors.map(\.isFallback) == [true, false, false, false])
        let bytes = 40 * 4 * 2 + 256 * 4 + 2 * 4 * 144
        #expect(plan.bitsPerWeight == Double(bytes * 8) / Double(160 + 256 + 2048))
    }

    @Test func dimensionsOfOneAtTheEndAreDropped() throws {
        let name = "blk.0.ffn_gate_inp_shexp.weight"
        let model = try SmallModel([(name, .f32, [64, 1], [1]), ("blk.0.attn_q.weight", .f16, [256, 2], [1])])
        let plan = try QuantizationPlan(GGUFModel(path: model.path), as: .q8_0)
        let shapes = Dictionary(uniqueKeysWithValues: plan.tensors.map { ($0.target.name, $0.target.shape.dimensions) })
        #expect(shapes == [name: [64], "blk.0.attn_q.weight": [256, 2]])
    }

    @Test func aQuantizedSourceNeedsPermission() throws {
        let model = try SmallModel([("blk.0.ffn_up.weight", .q8_0, [256, 2], [])])
        #expect(
            try problem(model) == .requantization(tensor: "blk.0.ffn_up.weight", from: "Q8_0", to: "Q4_K")
        )
        var options = QuantizationOptions()
        options.allowRequantize = true
        #expect(throws: Never.self) { _ = try QuantizationPlan(model.open(), as: .q4_K_M, options: options) }
        #expect(throws: Never.self) { _ = try QuantizationPlan(model.open(), as: .q8_0) }
    }

    @Test func typesThatCannotBeReadOrWrittenAreRefused() throws {
        let name = "blk.0.ffn_up.weight"
        let unreadable = try SmallModel([(name, .q8_K, [256, 2], [])])
        #expect(try problem(unreadable) == .unreadableType(tensor: name, type: "Q8_K"))
        var options = QuantizationOptions()
        options.tensorTypes = [TensorTypeRule(pattern: "ffn", type: .nvfp4)]
        let model = try SmallModel([(name, .f16, [256, 2], [1])])
        #expect(try problem(model, .q4_K_M, options) == .unwritableType(tensor: name, type: "NVFP4"))
    }

    @Test func aTypeAskedForThatDoesNotFitTheRowsIsRefused() throws {
        var options = QuantizationOptions()
        options.tokenEmbeddingType = .q4_K
        let model = try SmallModel([("token_embd.weight", .f16, [32, 2], [1])])
        #expect(
            try problem(model, .q4_K_M, options)
                == .unsuitableShape(tensor: "token_embd.weight", type: "Q4_K", rowLength: 32)
        )
    }

    @Test func aBadPatternIsRefused() throws {
        var options = QuantizationOptions()
        options.tensorTypes = [TensorTypeRule(pattern: "[", type: .q8_0)]
        #expect(
            try problem(SmallModel([("output.weight", .f16, [256, 2], [1])]), .q4_K_M, options) == .badPattern("[")
        )
    }

    @Test func metadataThatIsUnfitIsReportedWithTheFilesName() throws {
        var metadata = metadata("llama", layers: 1)
        metadata.remove("llama.block_count")
        let model = try SmallModel([("output.weight", .f16, [256, 2], [1])], metadata: metadata)
        let error = #expect(throws: GGUFError.self) { _ = try QuantizationPlan(model.open(), as: .q8_0) }
        #expect(error?.path == model.path && error?.problem == .missingKey("llama.block_count"))
    }
}
