import BinaryIO
import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

/// What a model sees with, quantized; scripts/compare-projectors.py compares whole files with llama-quantize's.
@Suite struct ProjectorQuantizationTests {
    /// A Gemma 3 tower of two layers, whose rows are whole blocks of every type.
    private static func tower() throws -> SmallModel {
        var metadata = Metadata()
        for (key, value) in [
            ("general.architecture", "clip"), ("general.type", "mmproj"), ("clip.projector_type", "gemma3"),
        ] {
            metadata.set(key, .string(value))
        }
        metadata.set("clip.has_vision_encoder", .bool(true))
        metadata.set("clip.vision.block_count", .uint32(2))
        metadata.set("clip.vision.embedding_length", .uint32(256))
        metadata.set("general.file_type", .uint32(1))
        let values = (0..<769).map { Float(($0 * 37) % 101 - 50) / 64 }
        var tensors: [(name: String, type: TensorType, shape: [Int], values: [Float])] = [
            ("mm.input_projection.weight", .f16, [256, 512], values), ("mm.soft_emb_norm.weight", .f32, [256], values),
            ("v.patch_embd.bias", .f32, [256], values), ("v.patch_embd.weight", .f32, [14, 14, 3, 256], values),
            ("v.position_embd.weight", .f32, [256, 64], values),
        ]
        for layer in 0..<2 {
            let name = "v.blk.\(layer)"
            for norm in ["ln1", "ln2"] {
                for part in ["bias", "weight"] { tensors.append(("\(name).\(norm).\(part)", .f32, [256], values)) }
            }
            for (matrix, shape) in [
                ("ffn_up", [256, 512]), ("ffn_down", [512, 256]), ("attn_k", [256, 256]), ("attn_out", [256, 256]),
                ("attn_q", [256, 256]), ("attn_v", [256, 256]),
            ] {
                tensors.append(("\(name).\(matrix).bias", .f32, [shape[1]], values))
                tensors.append(("\(name).\(matrix).weight", .f16, shape, values))
            }
        }
        tensors += [("v.post_ln.bias", .f32, [256], values), ("v.post_ln.weight", .f32, [256], values)]
        return try SmallModel(tensors, metadata: metadata)
    }

    private func quantized(_ type: FileType) throws -> (GGUFFile, SmallModel) {
        let model = try Self.tower()
        let source = try model.open()
        let plan = try QuantizationPlan(source, as: type)
        try Quantizer(source: source, outputs: [.init(plan: plan, path: model.output)]).run(threads: 2)
        return (try GGUFFile(path: model.output), model)
    }

    /// Types that llama-quantize 0c1e570 gave a file of these shapes.
    @Test(arguments: [
        (FileType.q8_0, TensorType.q8_0, []), (FileType.q4_0, TensorType.q4_0, []),
        (FileType.q4_K_M, TensorType.q4_K, ["v.blk.0.ffn_down", "v.blk.1.ffn_down", "v.blk.1.attn_v"]),
    ])
    func matricesAreQuantizedAndWhatIsConvolvedIsNot(
        _ fileType: FileType,
        _ matrix: TensorType,
        _ better: [String]
    ) throws {
        let (file, model) = try quantized(fileType)
        let before = try model.open()
        for tensor in before.tensors {
            let found = try #require(file.tensor(named: tensor.name))
            #expect(found.shape == tensor.shape)
            guard tensor.type == .f16 else { continue }
            let isBetter = better.contains { tensor.name == $0 + ".weight" }
            #expect(found.type == (isBetter ? .q6_K : matrix), "\(tensor.name)")
        }
        for name in ["v.patch_embd.weight", "v.position_embd.weight", "v.post_ln.weight", "v.blk.1.attn_q.bias"] {
            #expect(file.tensor(named: name)?.type == .f32, "\(name)")
        }
        #expect(file.metadata["general.type"] == .string("mmproj"))
        #expect(file.metadata["clip.projector_type"] == .string("gemma3"))
        #expect(try file.metadata.integer("general.file_type") == Int(fileType.rawValue))
        #expect(file.tensors.byteCount < before.tensors.byteCount)
    }

    /// What is not quantized keeps its bytes.
    @Test func vectorsKeepTheirBytes() throws {
        let (file, model) = try quantized(.q4_K_M)
        let before = try model.open()
        for tensor in before.tensors where tensor.shape.dimensions.count == 1 {
            let found = try #require(file.tensor(named: tensor.name))
            let isEqual = file.bytes(of: found).elementsEqual(before.bytes(of: tensor))
            #expect(isEqual)
        }
    }
}
