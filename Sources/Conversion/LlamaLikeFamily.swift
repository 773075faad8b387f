import BinaryIO
import Foundation
import GGUF

/// A family built like Llama: rows of queries and keys reordered for "normal" RoPE, and Llama's vocabularies.
protocol LlamaLikeFamily: ModelFamily {
    static var headLength: CommonParameters.HeadLength { get }
}

extension LlamaLikeFamily {
    func extras() throws -> FamilyExtras {
        guard config.ropeType == "llama3" else { return FamilyExtras() }
        return FamilyExtras(tensors: [("rope_freqs.weight", try frequencyFactors())])
    }

    /// Llama 3.1's factors: high frequencies stay, low ones are divided, and a ramp lies between.
    /// - Returns: half as many divisors as a head has elements.
    private func frequencyFactors() throws -> [Float] {
        let headLength = try config.headLength
        let base = try config.ropeNumber("rope_theta") ?? 10_000
        let factor = try config.ropeNumber("factor") ?? 8
        let lowFactor = try config.ropeNumber("low_freq_factor") ?? 1
        let highFactor = try config.ropeNumber("high_freq_factor") ?? 4
        let context = try config.ropeNumber("original_max_position_embeddings") ?? 8192
        return stride(from: 0, to: headLength, by: 2).map { index in
            // Single precision, and a reciprocal in place of each division of a number, as in the reference: the
            // factors are compared with its to the bit.
            let exponent = Double(Float(index) / Float(headLength))
            let frequency = 1 / Float(pow(base, exponent))
            let wavelength = (1 / frequency) * Float(2 * Double.pi)
            if wavelength < Float(context / highFactor) { return 1 }
            if wavelength > Float(context / lowFactor) { return Float(factor) }
            let periods = (1 / wavelength) * Float(context)
            let smooth = (periods - Float(lowFactor)) / Float(highFactor - lowFactor)
            return 1 / ((1 - smooth) / Float(factor) + smooth)
        }
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeLlamaParameters(to: &metadata, fileType: fileType)
    }

    func writeLlamaParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.headLength = Self.headLength
        try common.write(to: &metadata)
        let vocabulary = try config.requiredInteger("vocab_size")
        metadata.set("\(Self.ggufName).vocab_size", .uint32(UInt32(vocabulary)))
        let ropeLength =
            Self.headLength == .never
            ? try config.requiredInteger("hidden_size") / config.requiredCount("num_attention_heads")
            : try config.headLength
        metadata.set("\(Self.ggufName).rope.dimension_count", .uint32(UInt32(ropeLength)))
    }

    func edit(of name: String) throws -> TensorEdit {
        let base = name.split(separator: ".").dropLast().last
        if base == "q_proj" {
            return TensorEdit(order: .interleavedHalves(headCount: try config.requiredCount("num_attention_heads")))
        }
        if base == "k_proj" {
            return TensorEdit(order: .interleavedHalves(headCount: try config.keyValueHeadCount))
        }
        return TensorEdit()
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let settings = try folder.json("tokenizer_config.json")
        if let prefix = settings?["add_prefix_space"]?.bool {
            metadata.set("tokenizer.ggml.add_space_prefix", .bool(prefix))
        }
        try Vocabularies.write(of: folder, to: &metadata, options: options, preTokenizer: Self.preTokenizer)
        switch try config.integer("vocab_size") {
        case 32_016: metadata.set("tokenizer.ggml.eot_token_id", .uint32(32_010))  // Code Llama's end of an infill
        case 49_152: metadata.set("tokenizer.ggml.add_bos_token", .bool(false))
        default: break
        }
    }
}
