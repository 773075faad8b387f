import BinaryIO
import Foundation
import GGUF

/// Llama 1 to 3 and the models built like them.
struct LlamaFamily: ModelFamily {
    static let architectures = ["LlamaForCausalLM", "LLaMAForCausalLM", "MistralForCausalLM"]
    static let ggufName = "llama"

    /// Real heads have 64 to 256 elements; a table as long as half of one is computed for some models.
    private static let longestHead = 1 << 16

    private let config: ModelConfig
    let layerCount: Int
    private let headCount: Int
    private let keyValueHeadCount: Int
    private let headLength: Int

    init(_ config: ModelConfig) throws {
        self.config = config
        layerCount = try config.requiredInteger("num_hidden_layers", "n_layers")
        headCount = try config.requiredCount("num_attention_heads")
        keyValueHeadCount = try config.integer("num_key_value_heads") ?? headCount
        headLength = try config.integer("head_dim") ?? config.requiredInteger("hidden_size") / headCount
        guard (1...Self.longestHead).contains(headLength) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "head_dim",
                expected: "1 to \(Self.longestHead)"
            )
        }
        guard keyValueHeadCount > 0 else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "num_key_value_heads",
                expected: "1 or more"
            )
        }
    }

    func extras() throws -> FamilyExtras {
        guard config.ropeType == "llama3" else { return FamilyExtras() }
        return FamilyExtras(tensors: [("rope_freqs.weight", try frequencyFactors())])
    }

    /// Llama 3.1's factors: high frequencies stay, low ones are divided, and a ramp lies between.
    /// - Returns: `headLength / 2` divisors.
    private func frequencyFactors() throws -> [Float] {
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
        try CommonParameters.write(config, layerCount: layerCount, keyLength: headLength, Self.ggufName, to: &metadata)
        metadata.set("general.file_type", .uint32(fileType))
        metadata.set("llama.vocab_size", .uint32(UInt32(try config.requiredInteger("vocab_size"))))
        metadata.set("llama.rope.dimension_count", .uint32(UInt32(headLength)))
    }

    func rowOrder(of name: String) -> RowOrder {
        let base = name.split(separator: ".").dropLast().last
        if base == "q_proj" { return .interleavedHalves(headCount: headCount) }
        if base == "k_proj" { return .interleavedHalves(headCount: keyValueHeadCount) }
        return .unchanged
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
        try Vocabularies.write(of: folder, to: &metadata, options: options)
        if try config.integer("vocab_size") == 49_152 {
            metadata.set("tokenizer.ggml.add_bos_token", .bool(false))
        }
    }
}
