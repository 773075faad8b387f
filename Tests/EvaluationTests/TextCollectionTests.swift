import Architectures
import BinaryIO
import Evaluation
import Foundation
import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing

/// How a file becomes the texts that builds are compared on.
@Suite struct TextCollectionTests {
    private let run: EmbeddingRun

    init() throws {
        let scratch = try ScratchFolder()
        var model = try SyntheticModel(
            architecture: "llama",
            vocabulary: try TinyModels().metadata(),
            width: 64,
            hidden: 96,
            layers: 1,
            heads: (2, 2),
            seed: 1
        )
        model.metadata.set("llama.context_length", .uint32(48))
        let path = scratch.path.appending("model.gguf")
        try model.write(to: path)
        run = EmbeddingRun(try LanguageModel(path: path), pooling: .mean, threads: 1)
    }

    private func texts(_ text: String, context: Int = 512, count: Int? = nil, isJSON: Bool = false) throws -> [String] {
        try TextCollection(Array(text.utf8), isJSON: isJSON, for: run, context: context, count: count).inputs.map {
            guard case .text(let bytes) = $0 else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    private let lines = (0..<15).map { "Boat \($0) lay under the willow." }

    @Test func linesAreTextsWithoutBlankOnes() throws {
        #expect(try texts(lines.joined(separator: "\n")) == lines)
        #expect(try texts(lines.joined(separator: "\r\n\r\n \t\n") + "\n\n") == lines)
        #expect(try texts(lines.joined(separator: "\n"), count: 12) == Array(lines.prefix(12)))
        #expect(try texts(lines.map { "\"\($0)\"" }.joined(separator: "\n"), isJSON: true) == lines)
    }

    /// Nothing of a text is lost but the spaces where it is cut, and every part fits.
    @Test(arguments: [8, 16, 32, 512])
    func longLinesAreHalvedUntilTheyFit(_ context: Int) throws {
        let sample = try readFile(Goldens.packageRoot.appending("texts/sample.txt"), limit: 1 << 20)
        let text = String(String(decoding: sample, as: UTF8.self).prefix(8000))
        let parts = try texts(text, context: context)
        let limit = min(context, 48)
        for part in parts { #expect(try run.tokens(of: [.text(Array(part.utf8))])[0].count <= limit) }
        func letters(_ text: String) -> String { text.filter { !$0.isWhitespace } }
        #expect(parts.map(letters).joined() == letters(text))
        #expect(try texts(text, context: context, count: 13) == Array(parts.prefix(13)))
    }

    @Test func aWordWithoutEndIsCutToo() throws {
        let word = String(repeating: "xyz", count: 2000)
        #expect(try texts(word, context: 16).joined() == word)
    }

    @Test func whatIsNoCollectionIsRefused() throws {
        #expect(throws: EvaluationError.wrongTextCount(2, least: 12, most: 20_000)) { try texts("one\ntwo") }
        #expect(throws: EvaluationError.wrongTextCount(0, least: 12, most: 20_000)) { try texts("") }
        #expect(throws: EvaluationError.wrongTextCount(5, least: 12, most: 20_000)) {
            try texts(lines.joined(separator: "\n"), count: 5)
        }
        #expect(throws: EvaluationError.wrongTextCount(20_001, least: 12, most: 20_000)) {
            try texts(String(repeating: "a\n", count: 20_500))
        }
        #expect(throws: EvaluationError.noChunks(0)) { try texts("a", count: 0) }
        #expect(throws: EvaluationError.badTextLine(line: 2)) { try texts("\"a\"\nb", isJSON: true) }
        #expect(throws: EvaluationError.badTextLine(line: 1)) { try texts("[1]", isJSON: true) }
        #expect(throws: EvaluationError.notUTF8(line: 2)) {
            try TextCollection([0x61, 0x0a, 0xff], for: run, context: 64)
        }
        #expect(throws: EvaluationError.noPooling(run.model.path)) {
            let none = EmbeddingRun(run.model, threads: 1)
            _ = try EmbeddedTexts(none, [.text([0x61]), .text([0x62])])
        }
        #expect(throws: EvaluationError.self) {
            _ = try EmbeddedTexts(run, [.pair(query: "a", document: "b"), .text([0x62])])
        }
    }
}
