import Testing
import Tokenizers

@Suite struct WordPieceEncoderTests {
    private func vocabulary(_ change: (inout Vocabulary) -> Void = { _ in }) -> Vocabulary {
        let tokens = [
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁un", "aff", "able", "▁hello", "▁", "▁!", "▁e", "▁你", "é",
            "▁A", "a",
        ]
        var vocabulary = Vocabulary(
            kind: .wordPiece,
            tokens: tokens,
            types: tokens.map { $0.hasPrefix("[") ? $0 == "[UNK]" ? .unknown : .control : .normal },
            addsBeginning: true,
            addsEnd: true
        )
        vocabulary.special.beginning = 2
        vocabulary.special.unknown = 1
        vocabulary.special.separator = 3
        change(&vocabulary)
        return vocabulary
    }

    private func texts(_ text: String, _ change: (inout Vocabulary) -> Void = { _ in }) throws -> [String] {
        let vocabulary = vocabulary(change)
        let ids = try Tokenizer(vocabulary).encode(text, parseSpecial: true)
        return ids.dropFirst().dropLast().map { vocabulary.tokens[Int($0)] }
    }

    @Test func aWordIsItsLongestTokensInTurn() throws {
        #expect(try texts("unaffable") == ["▁un", "aff", "able"])
        #expect(try Tokenizer(vocabulary()).encode("unaffable") == [2, 5, 6, 7, 3])
        #expect(try Tokenizer(vocabulary()).encode("") == [2, 3])
        #expect(try Tokenizer(vocabulary()).encode("unaffable", addSpecial: false) == [5, 6, 7])
    }

    @Test func aWordThatEndsInNoTokenIsUnknownAsAWhole() throws {
        #expect(try texts("hello unaffableX hello") == ["▁hello", "[UNK]", "▁hello"])
    }

    @Test func punctuationAndIdeographsAreWords() throws {
        #expect(try texts("hello!hello你!") == ["▁hello", "▁!", "▁hello", "▁你", "▁!"])
    }

    @Test func capitalsAndAccentsAreDroppedUnlessTheVocabularyKeepsThem() throws {
        #expect(try texts("HELLO Hélló é") == ["▁hello", "▁hello", "▁e"])
        #expect(try texts("é", { $0.wordNormalization.stripsAccents = false }) == ["▁", "é"])
        #expect(try texts("A", { $0.wordNormalization.lowercases = false }) == ["▁A"])
        #expect(try texts("A") == ["▁", "a"])
    }

    @Test func whatIsNoTextVanishesAndSpecialTokensAreTakenWhole() throws {
        #expect(try texts("he\u{0}ll\u{200b}o[MASK]hello\u{a0}hello") == ["▁hello", "[MASK]", "▁hello", "▁hello"])
        #expect(try Tokenizer(vocabulary()).encode(utf8: [0xff, 0x20, 0x68] + Array("ello".utf8)) == [2, 8, 3])
    }

    @Test func textsBeginWithASpace() throws {
        let tokenizer = try Tokenizer(vocabulary())
        #expect(tokenizer.decode(try tokenizer.encode("unaffable hello!")) == " unaffable hello !")
    }

    @Test func aVocabularyNeedsItsRoles() {
        #expect(throws: TokenizerError.missingSpecial(role: "unknown")) {
            try Tokenizer(vocabulary { $0.special.unknown = nil })
        }
        #expect(throws: TokenizerError.missingSpecial(role: "seperator")) {
            try Tokenizer(vocabulary { $0.special.separator = nil })
        }
    }
}
