import Conversion
import GGUF
import TestSupport
import Testing

/// Tensors that families compute from config.json.
@Suite struct RopeFactorsTests {
    private static let scaling =
        #"{"factor":32.0,"high_freq_factor":4.0,"low_freq_factor":1.0,"original_max_position_embeddings":8192,"#
        + #""rope_type":"llama3"}"#

    /// Llama 3.2 1B: heads of 64, base 500,000. The three factors on the ramp are PyTorch's, bit by bit.
    @Test func llama3FactorsAreTheReferencesToTheBit() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["rope_scaling"] = Self.scaling
        let file = try Conversions().convert(checkpoint)
        let ramp: [Float] = [0x3fd3_5ec2, 0x4052_b46f, 0x411a_aaee].map { Float(bitPattern: $0) }
        let expected = [Float](repeating: 1, count: 15) + ramp + [Float](repeating: 32, count: 14)
        #expect(try file.floats("rope_freqs.weight") == expected)
        #expect(file.tensors.first?.name == "rope_freqs.weight")
    }

    /// Llama 3.1 8B: heads of 128, a factor of 8.
    @Test func theRampFollowsHeadLengthAndFactor() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["head_dim"] = "128"
        checkpoint.config["rope_scaling"] = Self.scaling.replacing("32.0", with: "8.0")
        checkpoint.tensors.removeAll { $0.name.contains("q_proj") || $0.name.contains("k_proj") }
        checkpoint.add("model.layers.0.self_attn.q_proj.weight", [512, 256])
        checkpoint.add("model.layers.0.self_attn.k_proj.weight", [256, 256])
        let ramp: [Float] = [0x3f9a_8ed5, 0x3fc6_d64a, 0x4001_af1d, 0x402c_732e, 0x406b_cace, 0x40a8_3c06]
            .map { Float(bitPattern: $0) }
        let expected = [Float](repeating: 1, count: 29) + ramp + [Float](repeating: 8, count: 29)
        #expect(try Conversions().convert(checkpoint).floats("rope_freqs.weight") == expected)
    }

    @Test func withoutScalingThereIsNoSuchTensor() throws {
        let file = try Conversions().convert(.llama())
        #expect(file.tensor(named: "rope_freqs.weight") == nil)
        #expect(file.metadata["llama.rope.scaling.type"] == nil)
    }

    @Test func linearScalingIsTwoKeys() throws {
        var checkpoint = SmallCheckpoint.llama()
        checkpoint.config["rope_scaling"] = #"{"type":"linear","factor":2.5}"#
        let metadata = try Conversions().convert(checkpoint).metadata
        #expect(metadata["llama.rope.scaling.type"] == .string("linear"))
        #expect(metadata["llama.rope.scaling.factor"] == .float32(2.5))
    }

    /// Phi-3 128k: a context 32 times the original one makes attention scores larger by √(1 + ln 32 / ln 4096).
    @Test(arguments: ["su", "longrope"])
    func longFactorsAndShortOnesBecomeTensors(_ type: String) throws {
        let long = (1...8).map { Double($0) * 1.1 }
        let short = (1...8).map { Double($0) * 0.3 }
        var checkpoint = try SmallCheckpoint.phi3()
        checkpoint.config["max_position_embeddings"] = "131072"
        checkpoint.config["original_max_position_embeddings"] = "4096"
        checkpoint.config["rope_scaling"] = #"{"type":"\#(type)","long_factor":\#(long),"short_factor":\#(short)}"#
        let file = try Conversions().convert(checkpoint)
        #expect(file.tensors.prefix(2).map(\.name) == ["rope_factors_long.weight", "rope_factors_short.weight"])
        #expect(try file.floats("rope_factors_long.weight") == long.map(Float.init))
        #expect(try file.floats("rope_factors_short.weight") == short.map(Float.init))
        #expect(file.metadata["phi3.rope.scaling.attn_factor"] == .float32(1.190_238_1))
        #expect(file.metadata.pairs[1].key == "phi3.rope.scaling.attn_factor")
        #expect(try file.metadata.integer("phi3.rope.scaling.original_context_length") == 4096)
    }

    @Test(arguments: [(8, 7), (7, 7), (8, 0), (9, 9)])
    func factorsThatDoNotFitTheHeadsAreRefused(_ longs: Int, _ shorts: Int) throws {
        var checkpoint = try SmallCheckpoint.phi3()
        let (long, short) = ([Int](repeating: 1, count: longs), [Int](repeating: 1, count: shorts))
        checkpoint.config["rope_scaling"] = #"{"type":"longrope","long_factor":\#(long),"short_factor":\#(short)}"#
        #expect(
            try Conversions().problem(checkpoint)
                == .invalidValue(file: "config.json", key: "short_factor", expected: "8 numbers, as 'long_factor'")
        )
    }
}
