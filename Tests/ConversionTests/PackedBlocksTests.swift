import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// Experts that a checkpoint of gpt-oss holds in MXFP4.
@Suite struct PackedBlocksTests {
    private static let experts = "model.layers.1.mlp.experts"

    private func checkpoint(_ change: (inout SmallCheckpoint) -> Void = { _ in }) throws -> SmallCheckpoint {
        var checkpoint = try FamilyGolden("gpt-oss-mxfp4").checkpoint()
        change(&checkpoint)
        return checkpoint
    }

    private func replace(_ name: String, _ shape: [Int], dtype: String = "U8") -> (inout SmallCheckpoint) -> Void {
        { checkpoint in
            checkpoint.tensors.removeAll { $0.name == name }
            if !shape.isEmpty { checkpoint.add(name, shape, dtype: dtype) }
        }
    }

    /// As the published format has them: numbers of a sign, two bits of exponent and one of fraction, two in a byte.
    static let values: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6]

    private func numbers(_ checkpoint: SmallCheckpoint, _ name: String) throws -> [Float] {
        let blocks = try #require(checkpoint.tensors.first { $0.name == "\(name)_blocks" }).bytes
        let scales = try #require(checkpoint.tensors.first { $0.name == "\(name)_scales" }).bytes
        return blocks.enumerated().flatMap { place, byte in
            let scale = Float(sign: .plus, exponent: Int(scales[place / 16]) - 127, significand: 1)
            return [byte & 15, byte >> 4].map { Self.values[Int($0)] * scale }
        }
    }

    @Test func numbersStayAndGateAndUpComeApart() throws {
        let checkpoint = try checkpoint { checkpoint in
            // Exponents whose products stay in range.
            for index in checkpoint.tensors.indices where checkpoint.tensors[index].name.hasSuffix("_scales") {
                checkpoint.tensors[index].bytes = checkpoint.tensors[index].bytes.map { 100 + $0 % 50 }
            }
        }
        let file = try Conversions().convert(checkpoint, .f32)
        let down = try numbers(checkpoint, "\(Self.experts).down_proj")
        #expect(try file.decoded("blk.1.ffn_down_exps.weight") == down)
        let both = try numbers(checkpoint, "\(Self.experts).gate_up_proj")
        let rows = stride(from: 0, to: both.count, by: 64).map { Array(both[$0..<($0 + 64)]) }
        for (name, first) in [("gate", 0), ("up", 1)] {
            let expected = stride(from: first, to: rows.count, by: 2).flatMap { rows[$0] }
            #expect(try file.decoded("blk.1.ffn_\(name)_exps.weight") == expected, "\(name)")
        }
    }

    @Test(arguments: [
        ("blocks without exponents", "down_proj_scales", [Int](), "U8"),
        ("exponents without blocks", "down_proj_blocks", [], "U8"),
        ("exponents of other rows", "down_proj_scales", [4, 32, 3], "U8"),
        ("too few exponents", "down_proj_scales", [4, 64, 2], "U8"),
        ("exponents of another kind", "down_proj_scales", [4, 64, 3], "BF16"),
        ("blocks of eight bytes", "down_proj_blocks", [4, 64, 3, 8], "U8"),
        ("blocks in three dimensions", "down_proj_blocks", [4, 64, 48], "U8"),
        ("blocks of another width", "down_proj_blocks", [4, 32, 3, 16], "U8"),
        ("blocks of numbers", "down_proj_blocks", [4, 64, 3, 16], "F16"),
        ("nothing at all", "down_proj_blocks", [4, 64, 0, 16], "U8"),
        ("an odd number of rows", "gate_up_proj_blocks", [4, 191, 2, 16], "U8"),
        ("an odd number of biases", "gate_up_proj_bias", [4, 191], "BF16"),
    ])
    func partsThatDisagreeAreRefused(_ what: String, _ part: String, _ shape: [Int], _ dtype: String) throws {
        let checkpoint = try checkpoint(replace("\(Self.experts).\(part)", shape, dtype: dtype))
        #expect(try Conversions().problem(checkpoint, .f16) != nil, "\(what)")
    }

    /// The largest exponent stands for no number.
    @Test func blocksThatAreNoNumbersAreNamed() throws {
        let name = "\(Self.experts).down_proj_scales"
        let checkpoint = try checkpoint { checkpoint in
            guard let index = checkpoint.tensors.firstIndex(where: { $0.name == name }) else { return }
            checkpoint.tensors[index].bytes[7] = 255
        }
        #expect(try Conversions().problem(checkpoint) == .notFinite(tensor: name, element: 7))
    }

    @Test(arguments: ["hqq", "bitsandbytes"])
    func otherWaysToQuantizeStayRefused(_ method: String) throws {
        let checkpoint = try checkpoint { $0.config["quantization_config"] = #"{"quant_method":"\#(method)"}"# }
        #expect(try Conversions().problem(checkpoint) == .unsupportedQuantization(method))
    }

    @Test func otherFamiliesDoNotReadMXFP4() throws {
        var checkpoint = try FamilyGolden("qwen3-moe").checkpoint()
        checkpoint.config["quantization_config"] = #"{"quant_method":"mxfp4"}"#
        #expect(try Conversions().problem(checkpoint) == .unsupportedQuantization("mxfp4"))
    }
}

extension GGUFFile {
    /// The numbers of a tensor in MXFP4: an exponent, then 16 bytes, each with a weight of either half of the block.
    fileprivate func decoded(_ name: String) throws -> [Float] {
        try #require(tensor(named: name)?.type == .mxfp4)
        let bytes = try content(name)
        return stride(from: 0, to: bytes.count, by: 17).flatMap { start in
            let scale = Float(sign: .plus, exponent: Int(bytes[start]) - 127, significand: 1)
            let codes = bytes[(start + 1)..<(start + 17)]
            return (codes.map { $0 & 15 } + codes.map { $0 >> 4 }).map { PackedBlocksTests.values[Int($0)] * scale }
        }
    }
}
