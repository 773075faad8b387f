import BinaryIO
import Conversion
import SystemPackage
import TestSupport
import Testing

@Suite struct SentencePieceModelTests {
    private func refusal(_ bytes: [UInt8]) -> String? {
        let problem = #expect(throws: ConversionProblem.self) { _ = try SentencePieceModel(parsing: bytes) }
        guard case .invalidVocabulary(file: "tokenizer.model", let reason) = problem else { return nil }
        return reason
    }

    @Test func piecesAreReadWithTextScoreAndType() throws {
        // Field 1: a message of text "ab" (field 1), score -2.5 (field 2) and type 3 (field 3); field 2 is skipped.
        let piece: [UInt8] = [0x0a, 2, 0x61, 0x62, 0x15, 0, 0, 0x20, 0xc0, 0x18, 3]
        let model = try SentencePieceModel(parsing: [0x0a, UInt8(piece.count)] + piece + [0x22, 1, 0xff, 0x0a, 0])
        #expect(model.pieces.map(\.text) == ["ab", ""])
        #expect(model.pieces.map(\.score) == [-2.5, 0])
        #expect(model.pieces.map(\.type) == [.control, .normal])
    }

    @Test func trainingAndNormalizationAreRead() throws {
        let far: [UInt8] = [0xd0, 0x02] + [UInt8](repeating: 0xff, count: 7) + [0x7f]
        let training: [UInt8] = [0x12, 15, 0x18, 1, 0xc8, 0x02, 5] + far
        let normalization: [UInt8] = [0x1a, 8, 0x12, 2, 7, 8, 0x18, 0, 0x20, 0]
        let model = try SentencePieceModel(parsing: [0x0a, 0] + training + normalization)
        #expect(model.algorithm == .unigram && model.beginning == 5)
        #expect(model.characterMap == [7, 8] && !model.addsSpacePrefix && !model.removesExtraSpaces)
        // Without a word about the training it is a model of byte pairs; with no word about the kind, Unigram.
        #expect(try SentencePieceModel(parsing: [0x0a, 0]).algorithm == .bytePairs)
        #expect(try SentencePieceModel(parsing: [0x0a, 0, 0x12, 0]).algorithm == .unigram)
    }

    @Test func theTinyModelsPiecesAreAllThere() throws {
        let path = Goldens.packageRoot.appending("models/tiny-phi3/tokenizer.model")
        let pieces = try SentencePieceModel(parsing: readFile(path, limit: 1 << 20)).pieces
        #expect(pieces.prefix(4).map(\.text) == ["<unk>", "<s>", "</s>", "<0x00>"])
        #expect(pieces.prefix(4).map(\.type) == [.unknown, .control, .control, .byte])
        #expect(pieces.count == 3064)
    }

    @Test(
        arguments: [
            ([], "it holds no pieces"), ([0x22, 0], "it holds no pieces"), ([0x12, 0], "it holds no pieces"),
            ([0x0a], "at byte 1: 1 bytes expected, 0 left"), ([0x0a, 5, 1], "at byte 2: 5 bytes expected, 1 left"),
            ([0x0a, 2, 0x18, 9], "a piece has the type 9"), ([0x0a, 3, 0x0a, 1, 0xff], "a piece is not valid UTF-8"),
            ([0x12, 2, 0x18, 9], "it is of a kind 9"), ([0x12, 2, 0x18, 0x80], "at byte 2: 1 bytes expected, 0 left"),
            ([0x0a, 5, 0x15, 0, 0, 0xc0, 0x7f], "a piece has the score nan"),
            ([0x0b], "at byte 1 stands wire type 3"), ([0x0f], "at byte 1 stands wire type 7"),
            ([0x0a] + [UInt8](repeating: 0xff, count: 10), "at byte 11 a number has too many bytes"),
            (
                [0x0a] + [UInt8](repeating: 0xff, count: 9) + [0x01],
                "at byte 11: 18446744073709551615 bytes expected, 0 left"
            ),
            ([0x08], "at byte 1: 1 bytes expected, 0 left"), ([0x0d, 1, 2], "at byte 1: 4 bytes expected, 2 left"),
            ([0x09, 1], "at byte 1: 8 bytes expected, 1 left"),
        ] as [([UInt8], String)]
    )
    func bytesThatAreNoModelAreRefused(_ bytes: [UInt8], _ reason: String) {
        #expect(refusal(bytes) == reason)
    }

    @Test func damagedModelsNeverTrap() throws {
        var random = SeededRandom.printed()
        let path = Goldens.packageRoot.appending("models/tiny-phi3/tokenizer.model")
        let sound = Array(try readFile(path, limit: 1 << 20).prefix(2000))
        var parsed = 0
        for _ in 0..<20_000 where (try? SentencePieceModel(parsing: random.mutate(sound))) != nil { parsed += 1 }
        #expect((100..<19_900).contains(parsed))
    }
}
