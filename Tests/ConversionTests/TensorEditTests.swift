import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// What happens to numbers on the way, computed here in the plainest way.
@Suite struct TensorEditTests {
    private static func floats(_ tensor: SmallCheckpoint.Tensor) -> [Float] {
        tensor.bytes.withUnsafeBytes { bytes in
            switch tensor.dtype {
            case "F32":
                (0..<(bytes.count / 4)).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
            case "F16":
                (0..<(bytes.count / 2)).map {
                    HalfFloat.decode(bytes.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self))
                }
            default:
                (0..<(bytes.count / 2)).map {
                    BrainFloat.decode(bytes.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self))
                }
            }
        }
    }

    private static func floats(_ checkpoint: SmallCheckpoint, _ name: String) throws -> [Float] {
        floats(try #require(checkpoint.tensors.first { $0.name == name }))
    }

    /// PyTorch adds to half-precision numbers in half precision, and the reference widens brain floats first.
    @Test(arguments: ["F32", "F16", "BF16"])
    func gemmasNormsGrowByOneInTheirOwnPrecision(_ dtype: String) throws {
        var checkpoint = try FamilyGolden("gemma3").checkpoint()
        let name = "model.layers.1.self_attn.q_norm.weight"
        let count = try Self.floats(checkpoint, name).count
        checkpoint.tensors.removeAll { $0.name == name }
        checkpoint.add(name, [count], dtype: dtype)
        let expected = try Self.floats(checkpoint, name).map {
            dtype == "F16" ? HalfFloat.decode(HalfFloat.encode($0 + 1)) : $0 + 1
        }
        #expect(try Conversions().convert(checkpoint).floats("blk.1.attn_q_norm.weight") == expected)
    }

    @Test func matricesOfGPT2AreTurned() throws {
        let checkpoint = try FamilyGolden("gpt2").checkpoint()
        let source = try Self.floats(checkpoint, "transformer.h.1.attn.c_attn.weight")
        let file = try Conversions().convert(checkpoint, .f32)
        let found = try file.floats("blk.1.attn_qkv.weight")
        #expect(file.tensor(named: "blk.1.attn_qkv.weight")?.shape.dimensions == [64, 192])
        #expect(found == (0..<192).flatMap { column in (0..<64).map { source[$0 * 192 + column] } })
    }

    @Test func expertsAreStackedByTheirNumbersWhateverTheOrderOfTheFile() throws {
        var checkpoint = try FamilyGolden("mixtral").checkpoint()
        checkpoint.tensors.reverse()
        let file = try Conversions().convert(checkpoint, .f32)
        for (matrix, name) in [("w1", "gate"), ("w2", "down"), ("w3", "up")] {
            let expected = try (0..<4).flatMap {
                try Self.floats(checkpoint, "model.layers.1.block_sparse_moe.experts.\($0).\(matrix).weight")
            }
            #expect(try file.floats("blk.1.ffn_\(name)_exps.weight") == expected)
        }
    }

    @Test func fusedExpertsComeApartIntoTheSameTensors() throws {
        let fused = try FamilyGolden("qwen3-moe-fused").checkpoint()
        var apart = fused
        apart.tensors.removeAll { $0.name.contains(".experts.") }
        for layer in 0..<2 {
            let module = "model.layers.\(layer).mlp.experts"
            for tensor in fused.tensors where tensor.name.hasPrefix(module) {
                let matrixBytes = tensor.bytes.count / 4
                let names = tensor.name.hasSuffix("gate_up_proj") ? ["gate_proj", "up_proj"] : ["down_proj"]
                for expert in 0..<4 {
                    for (index, name) in names.enumerated() {
                        let size = matrixBytes / names.count
                        let start = expert * matrixBytes + index * size
                        apart.tensors.append(
                            .init(
                                name: "\(module).\(expert).\(name).weight",
                                dtype: tensor.dtype,
                                shape: [tensor.shape[1] / names.count, tensor.shape[2]],
                                bytes: Array(tensor.bytes[start..<(start + size)])
                            )
                        )
                    }
                }
            }
        }
        let (one, other) = (try Conversions().convert(fused, .q8_0), try Conversions().convert(apart, .q8_0))
        #expect(Set(one.tensors.map(\.name)) == Set(other.tensors.map(\.name)))
        for tensor in one.tensors { #expect(try one.content(tensor.name) == other.content(tensor.name)) }
    }

    @Test func normsOfSingleHeadsAreStacked() throws {
        var checkpoint = try FamilyGolden("stablelm").checkpoint()
        for layer in 0..<2 {
            for head in 0..<4 {
                checkpoint.add("model.layers.\(layer).self_attn.q_layernorm.norms.\(head).weight", [16])
            }
        }
        let file = try Conversions().convert(checkpoint, .f16)
        let expected = try (0..<4).flatMap {
            try Self.floats(checkpoint, "model.layers.0.self_attn.q_layernorm.norms.\($0).weight")
        }
        #expect(try file.floats("blk.0.attn_q_norm.weight") == expected)
        #expect(file.tensor(named: "blk.0.attn_q_norm.weight")?.shape.dimensions == [16, 4])
    }

    @Test func anExpertThatIsMissingIsCounted() throws {
        var checkpoint = try FamilyGolden("qwen3-moe").checkpoint()
        checkpoint.tensors.removeAll { $0.name == "model.layers.1.mlp.experts.2.up_proj.weight" }
        #expect(
            try Conversions().problem(checkpoint)
                == .incompleteStack(name: "blk.1.ffn_down_exps.weight", found: 11, needed: 12)
        )
        checkpoint = try FamilyGolden("qwen3-moe").checkpoint()
        checkpoint.config["num_experts"] = "3"
        checkpoint.config["num_local_experts"] = "3"
        #expect(
            try Conversions().problem(checkpoint) == .unknownTensor("model.layers.0.mlp.experts.3.down_proj.weight")
        )
        checkpoint.config["num_experts"] = "4000000000"
        checkpoint.config["num_local_experts"] = "4000000000"
        #expect(throws: ConversionError.self) { _ = try Conversions().convert(checkpoint) }
    }

    @Test func expertsOfDifferentShapesAreRefused() throws {
        var checkpoint = try FamilyGolden("mixtral").checkpoint()
        let name = "model.layers.0.block_sparse_moe.experts.3.w2.weight"
        checkpoint.tensors.removeAll { $0.name == name }
        checkpoint.add(name, [64, 32])
        let problem = try Conversions().problem(checkpoint)
        guard case .wrongShape(tensor: name, found: [64, 32], expected: _) = problem else {
            Issue.record("\(problem as Any)")
            return
        }
    }
}
