import Architectures
import GGUF
import SystemPackage
import Tensors
import Tokenizers

/// A GGUF model, opened and checked, ready to run. Its weights stay in the mapped file.
public final class LanguageModel: Sendable {
    /// The path of its file.
    public let path: FilePath
    /// The shape of the model.
    public let shape: ModelShape
    /// The constants and rules of its computation, besides the weights.
    public let arithmetic: ModelArithmetic
    /// The tokenizer.
    public let tokenizer: Tokenizer
    // Keeps the mapping alive for every WeightMatrix.
    private let file: GGUFFile
    private let weights: ModelWeights

    /// The tensors that are matrices or stacks of them, in file order.
    public var weightTensors: [GGUFTensor] { file.tensors.filter { $0.shape.withoutTrailingOnes.dimensions.count > 1 } }

    /// The number of tokens in the vocabulary, which is also the number of logits per position.
    public var vocabularySize: Int { tokenEmbedding.rows }

    /// - Throws: `FileError`, `GGUFError` or `InferenceError` with the file and its problem.
    public convenience init(path: FilePath) throws {
        try self.init(try GGUFFile(path: path))
    }

    /// - Throws: `GGUFError` or `InferenceError`.
    public init(_ file: GGUFFile) throws {
        self.file = file
        path = file.path
        do {
            let (shape, arithmetic) = try file.reading { try ModelArithmetic.withShape($0) }
            let vocabulary = try file.reading { try Vocabulary($0) }
            var reader = TensorReader(file)
            (self.shape, self.arithmetic) = (shape, arithmetic)
            tokenizer = try Tokenizer(vocabulary)
            weights = try ModelWeights(shape, arithmetic, tokens: vocabulary.tokens.count, &reader)
        } catch let problem as ShapeProblem {
            throw InferenceError(path: file.path, problem: .shape(problem))
        } catch let problem as InferenceProblem {
            throw InferenceError(path: file.path, problem: problem)
        } catch let error as TokenizerError {
            throw InferenceError(path: file.path, problem: .vocabulary(error.description))
        }
    }

    var tokenEmbedding: WeightMatrix { weights.tokenEmbedding }
    var positionEmbedding: WeightMatrix? { weights.positionEmbedding }
    var layerEmbedding: LayerEmbeddingWeights? { weights.layerEmbedding }
    var streamEnds: StreamEndWeights? { weights.streamEnds }
    var layers: [LayerWeights] { weights.layers }
    var tokenType: [Float] { weights.tokenType }
    var embeddingNorm: NormWeights? { weights.embeddingNorm }
    var outputNorm: NormWeights? { weights.outputNorm }
    var output: Projection { weights.output }
    var text: TextWeights { weights.text }

    /// The Jinja template that formats a conversation as one text; nil for a model without one. It is untrusted.
    public var chatTemplate: String? { (try? file.metadata.string("tokenizer.chat_template")) ?? nil }

    /// The text that a reranker scores, with placeholders `{query}` and `{document}`; nil for a model that reads the
    /// two unchanged.
    public var rerankTemplate: String? { (try? file.metadata.string("tokenizer.chat_template.rerank")) ?? nil }

    /// Whether a separator ends each part of a multi-part text.
    public var addsSeparator: Bool {
        let vocabulary = tokenizer.vocabulary
        let rules = ["jina-v1-en", "jina-v2-code", "roberta-bpe"]
        let standard = vocabulary.kind == .wordPiece || rules.contains(vocabulary.preTokenizer)
        return ((try? file.metadata.bool("tokenizer.ggml.add_sep_token")) ?? nil) ?? standard
    }

    /// Whether an end token follows each part of a multi-part text. Texts of word pieces end with a separator,
    /// regardless of this.
    public var addsEnd: Bool {
        let vocabulary = tokenizer.vocabulary
        let own = ((try? file.metadata.bool("tokenizer.ggml.add_eos_token")) ?? nil)
        return vocabulary.kind == .wordPiece ? own ?? false : vocabulary.addsEnd
    }

    /// Releases the memory of the weights until they are read again.
    public func releaseWeights() { file.release() }

    /// Returns the rotary factors for a context of `capacity` tokens.
    func rotaryFactors(capacity: Int) -> [Float] {
        if !weights.rotaryFactors.isEmpty { return weights.rotaryFactors }
        guard let rotary = arithmetic.rotary else { return [] }
        return capacity > rotary.originalContext ? weights.longFactors : weights.shortFactors
    }
}
