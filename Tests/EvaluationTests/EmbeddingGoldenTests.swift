import Architectures
import BinaryIO
import Evaluation
import Foundation
import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing

/// Vectors of embedding models whose weights follow from a seed, held against llama-embedding's;
/// scripts/compare-embeddings.py writes them.
@Suite struct EmbeddingGoldenTests {
    private static let folder = Goldens.packageRoot.appending("Tests/Goldens/embeddings")
    private let scratch: ScratchFolder
    private let vocabulary: Metadata

    init() throws {
        scratch = try ScratchFolder()
        vocabulary = try TinyModels().metadata()
    }

    static var names: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.string)
                .filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
        }
    }

    private func golden(_ name: String) throws -> (model: LanguageModel, json: JSONValue) {
        let json = try JSONValue(parsing: readFile(Self.folder.appending("\(name).json"), limit: 1 << 22))
        let path = scratch.path.appending("\(name).gguf")
        try SeededGolden.model(json, vocabulary: vocabulary).write(to: path)
        return (try LanguageModel(path: path), json)
    }

    private func vectors(_ run: EmbeddingRun, _ inputs: [EmbeddingInput]) throws -> [[[Float]]] {
        var found: [[[Float]]] = []
        try run.embed(run.tokens(of: inputs)) { _, rows in found.append(rows) }
        return found
    }

    private func cosine(_ one: [Float], _ other: [Double]) -> Double {
        let product = zip(one, other).reduce(0) { $0 + Double($1.0) * $1.1 }
        let lengths = one.reduce(0) { $0 + Double($1 * $1) } * other.reduce(0) { $0 + $1 * $1 }
        return product / lengths.squareRoot()
    }

    @Test(arguments: try names)
    func vectorsAreLlamaEmbeddings(name: String) throws {
        let (model, json) = try golden(name)
        let texts = try #require(json["texts"]?.array).compactMap(\.string).map { EmbeddingInput.text(Array($0.utf8)) }
        for (pooling, expected) in try #require(json["vectors"]?.object).members {
            let kind: Pooling = try #require(Pooling(named: pooling))
            let run = EmbeddingRun(model, pooling: kind, threads: 2)
            let found = try vectors(run, texts)
            let reference = try #require(expected.array).map { $0.array?.compactMap(\.double) ?? [] }
            #expect(found.count == reference.count && found.allSatisfy { $0.count == 1 })
            for (rows, other) in zip(found, reference) { #expect(cosine(rows[0], other) > 0.99999) }
        }
    }

    @Test(arguments: try names)
    func threadsDoNotChangeAVector(name: String) throws {
        let (model, json) = try golden(name)
        let texts = try #require(json["texts"]?.array).compactMap(\.string).map { EmbeddingInput.text(Array($0.utf8)) }
        let one = try vectors(EmbeddingRun(model, pooling: .mean, threads: 1), texts)
        #expect(try vectors(EmbeddingRun(model, pooling: .mean, threads: 3), texts) == one)
        // Nor does what was embedded before.
        #expect(try vectors(EmbeddingRun(model, pooling: .mean, threads: 1), texts.reversed()) == one.reversed())
    }

    @Test func aTextsOwnRowsAreWhatIsPooled() throws {
        let (model, _) = try golden("qwen3-embedding")
        let text = [EmbeddingInput.text(Array("It was the best of times".utf8))]
        func rows(_ pooling: Pooling) throws -> [[Float]] {
            try vectors(EmbeddingRun(model, pooling: pooling, isNormalized: false, threads: 1), text)[0]
        }
        let all = try rows(.none)
        // A single row is multiplied in another order than several.
        for (pooling, row) in [(Pooling.cls, all[0]), (.last, all[all.count - 1])] {
            let own = try rows(pooling)[0]
            #expect(zip(own, row).allSatisfy { abs($0 - $1) < 1e-4 })
        }
        let mean = try rows(.mean)[0]
        for index in mean.indices {
            #expect(abs(mean[index] - all.reduce(0) { $0 + $1[index] } / Float(all.count)) < 1e-5)
        }
    }

    @Test func aModelIsAsNearToItselfAsCanBe() throws {
        let (model, json) = try golden("qwen3-embedding")
        let texts = try #require(json["texts"]?.array).compactMap(\.string).map { EmbeddingInput.text(Array($0.utf8)) }
        let run = EmbeddingRun(model, pooling: .last, threads: 1)
        let result = try EmbeddingComparison(of: run, with: run, on: texts)
        #expect(abs(result.meanCosine - 1) < 1e-6 && result.overlapPercent == 100)
        #expect(result.texts == 3 && result.neighbours == 2 && result.dimensions == 64)
        let other = try EmbeddingRun(golden("embeddinggemma").model, pooling: .last, threads: 1)
        #expect(throws: EvaluationError.self) { try EmbeddingComparison(of: run, with: other, on: texts) }
        let mean = EmbeddingRun(model, pooling: .mean, threads: 1)
        #expect(throws: EvaluationError.self) { try EmbeddingComparison(of: run, with: mean, on: texts) }
        #expect(throws: EvaluationError.self) { try EmbeddingComparison(of: run, with: run, on: [texts[0]]) }
    }

    @Test func whatCannotBeDoneIsSaid() throws {
        let (model, _) = try golden("embeddinggemma")
        let session = try InferenceSession(model, SessionOptions(context: 8))
        #expect(throws: InferenceError.self) { try session.embed([], pooling: .mean) }
        #expect(throws: InferenceError.self) { try session.embed([1], pooling: .rank) }
        #expect(throws: InferenceError.self) { try session.evaluate([1], logitsFor: 0..<1) { _ in } }
        #expect(throws: InferenceError.self) { try Generator(session).generate("It was", limit: 1) }
        #expect(throws: InferenceError.self) { try session.embed([Int32](repeating: 1, count: 9), pooling: .mean) }
    }
}
