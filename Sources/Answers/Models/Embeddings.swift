import Architectures
import BinaryIO
import Evaluation
import Inference
import SystemPackage
import Work

/// Turns texts into vectors, or pairs of texts into scores, with an embedding model or a reranker.
public enum Embeddings {
    /// Makes the vectors of each text in turn: one, or without pooling as many as the text has tokens.
    /// - Parameters:
    ///   - pooling: nil for the model's own.
    ///   - isNormalized: whether vectors are normalized to length one; scores never are.
    ///   - remark: called with remarks for the user that are not errors.
    ///   - body: called with a text's vectors and the pooling used.
    /// - Throws: `GGUFError`, `InferenceError`, `TokenizerError`; `Interruption.Stopped`.
    public static func make(
        of inputs: [EmbeddingInput],
        with model: FilePath,
        pooling: Pooling?,
        isNormalized: Bool,
        threads: Int,
        remark: (String) -> Void = { _ in },
        _ body: (Pooling, [[Float]]) throws -> Void
    ) throws {
        let model = try LanguageModel(path: model)
        let run = EmbeddingRun(model, pooling: pooling, isNormalized: isNormalized, threads: threads)
        if pooling == nil, model.shape.text.pooling == nil {
            remark(
                model.shape.kind == .reranker
                    ? "The file does not say that the model ranks: each token keeps its vector, as in llama.cpp. For scores give "
                        + "\(setting: "pooling", "rank")."
                    : "The model names no pooling, as language models do not: each token keeps its vector, as in llama.cpp. "
                        + "Choose one with \(setting: "pooling")."
            )
        }
        let texts = try run.tokens(of: inputs)
        if let trained = model.shape.trainedContext, let index = texts.firstIndex(where: { $0.count > trained }) {
            remark(
                "Text \(index + 1) has \(texts[index].count) tokens; the model was trained on \(trained). Expect a poor "
                    + "vector."
            )
        }
        try run.embed(texts) { _, vectors in try body(run.pooling, vectors) }
    }

    /// Measures the distance of a model's vectors from another model's on the texts.
    /// - Parameters:
    ///   - text: one text per line, or, if `isJSON`, lines as `inputs(jsonLines:)` reads them.
    ///   - pooling: nil for the model's own, or for a classifier's scores if the model has labels for them.
    /// - Throws: as `make`, and `EvaluationError` for models whose vectors cannot be compared, and for too few texts.
    public static func compare(
        _ model: FilePath,
        with base: FilePath,
        on text: [UInt8],
        isJSON: Bool,
        pooling: Pooling?,
        threads: Int,
        progress: WorkProgress = { _, _, _ in }
    ) throws -> EmbeddingComparison {
        let runs = try [model, base].map { path in
            let model = try LanguageModel(path: path)
            let own = pooling ?? (model.shape.kind == .reranker ? .rank : nil)
            return EmbeddingRun(model, pooling: own, threads: threads)
        }
        try EmbeddingComparison.check(runs[0], runs[1])
        let inputs =
            isJSON
            ? try Self.inputs(jsonLines: text)
            : try TextCollection(text, for: runs[1], context: standardContext).inputs
        return try EmbeddingComparison(of: runs[0], with: runs[1], on: inputs) { done, all in
            try progress("embedding", done, all)
        }
    }

    /// The most tokens of a text when lines of prose are cut into texts.
    private static let standardContext = 512

    /// Reads texts from lines of JSON: each a string, an array of bytes, or an array of two strings that a reranker
    /// scores together.
    /// - Throws: `TextLineError` for an invalid line.
    public static func inputs(jsonLines bytes: [UInt8]) throws -> [EmbeddingInput] {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false).enumerated()
        return try lines.filter { !$0.element.isEmpty }.map { number, line in
            do throws(JSONError) {
                switch try JSONValue(parsing: Array(line)) {
                case .string(let text): return .text(Array(text.utf8))
                case .array(let elements):
                    if elements.count == 2, let query = elements[0].string, let document = elements[1].string {
                        return .pair(query: query, document: document)
                    }
                    let bytes = elements.compactMap { $0.integer.flatMap(UInt8.init(exactly:)) }
                    if bytes.count == elements.count { return .text(bytes) }
                default: break
                }
            } catch {
                throw TextLineError(line: number + 1, reason: "\(error)")
            }
            throw TextLineError(line: number + 1, reason: "a string, two strings or an array of bytes expected")
        }
    }
}
