import GGUF
import SystemPackage
import Tensors
import Tokenizers

/// A GGUF model, opened and checked, ready to run. Its weights stay in the mapped file.
public final class LanguageModel: Sendable {
    public let path: FilePath
    public let traits: ModelTraits
    public let tokenizer: Tokenizer
    // Keeps the mapping alive for every WeightMatrix.
    private let file: GGUFFile
    let tokenEmbedding: WeightMatrix
    /// Added to the embedding of a token by its position; nil where positions turn heads.
    let positionEmbedding: WeightMatrix?
    let layers: [LayerWeights]
    let outputNorm: NormWeights
    let output: Projection
    /// Divisors of the rotary angles: for every context, or for contexts up to and beyond the original one.
    private let rotaryFactors: [Float]
    private let shortFactors: [Float]
    private let longFactors: [Float]

    /// The tensors of the file that are matrices or stacks of them, in the file's order.
    public var weightTensors: [GGUFTensor] { file.tensors.filter { $0.shape.withoutTrailingOnes.dimensions.count > 1 } }

    /// Tokens in the vocabulary, which is also the count of logits per position.
    public var vocabularySize: Int { tokenEmbedding.rows }

    /// - Throws: `FileError`, `GGUFError` or `InferenceError` naming the file and what is wrong with it.
    public convenience init(path: FilePath) throws {
        try self.init(try GGUFFile(path: path))
    }

    /// - Throws: `GGUFError` or `InferenceError`.
    public init(_ file: GGUFFile) throws {
        self.file = file
        path = file.path
        do {
            let traits = try file.reading { try ModelTraits($0) }
            let vocabulary = try file.reading { try Vocabulary($0) }
            var reader = TensorReader(file)
            let width = traits.embeddingLength
            let tokens = vocabulary.tokens.count
            self.traits = traits
            tokenizer = try Tokenizer(vocabulary)
            tokenEmbedding = try reader.matrix("token_embd.weight", rows: tokens, columns: width)
            positionEmbedding = try traits.learnedPositions.map {
                try reader.matrix("position_embd.weight", rows: $0, columns: width)
            }
            layers = try traits.layers.indices.map { try LayerWeights($0, traits, &reader) }
            // LFM2's converter gave it the name of another norm.
            let outputNormName = traits.family.hasConvolutions ? "token_embd_norm" : "output_norm"
            outputNorm = try NormWeights(outputNormName, traits, &reader)
            // Without an output matrix of its own, a model reads its embedding backwards.
            let output = try reader.optionalMatrix("output.weight", rows: tokens, columns: width)
            self.output = Projection(
                matrix: output ?? tokenEmbedding,
                bias: try reader.optionalNumbers("output.bias", [tokens]) ?? []
            )
            let pairs = (traits.rotary?.dimensions ?? 0) / 2
            rotaryFactors = try Self.factors("rope_freqs.weight", pairs, &reader)
            shortFactors = try Self.factors("rope_factors_short.weight", pairs, &reader)
            longFactors = try Self.factors("rope_factors_long.weight", pairs, &reader)
            // Old converters wrote the unscaled frequencies too, which follow from the base.
            for index in traits.layers.indices { reader.skip("blk.\(index).attn_rot_embd.freqs") }
            try reader.requireAllTaken()
        } catch let problem as InferenceProblem {
            throw InferenceError(path: file.path, problem: problem)
        } catch let error as TokenizerError {
            throw InferenceError(path: file.path, problem: .vocabulary(error.description))
        }
    }

    /// The rotary factors for a context of `capacity` tokens.
    func rotaryFactors(capacity: Int) -> [Float] {
        if !rotaryFactors.isEmpty { return rotaryFactors }
        guard let rotary = traits.rotary else { return [] }
        return capacity > rotary.originalContext ? longFactors : shortFactors
    }

    private static func factors(_ name: String, _ count: Int, _ reader: inout TensorReader) throws -> [Float] {
        let factors = try reader.optionalNumbers(name, [count]) ?? []
        if let bad = factors.first(where: { !$0.isFinite || $0 == 0 }) {
            throw InferenceProblem.badTrait(key: name, value: "\(bad)", expected: "finite numbers other than 0")
        }
        return factors
    }
}
