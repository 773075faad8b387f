import Testing
import Tokenizers

@Suite struct UnigramEncoderTests {
    private func vocabulary(map: [UInt8] = []) -> Vocabulary {
        let tokens: [(String, Vocabulary.TokenType, Float)] = [
            ("<unk>", .unknown, 0), ("<s>", .control, 0), ("▁", .normal, -3), ("a", .normal, -2), ("b", .normal, -2),
            ("ab", .normal, -3), ("▁a", .normal, -2.5), ("ba", .normal, -1), ("<tool>", .userDefined, 0),
            ("é", .normal, -4),
        ]
        var vocabulary = Vocabulary(
            kind: .unigram,
            tokens: tokens.map(\.0),
            scores: tokens.map(\.2),
            types: tokens.map(\.1),
            addsBeginning: true,
            addsSpacePrefix: true
        )
        (vocabulary.special.unknown, vocabulary.special.beginning) = (0, 1)
        vocabulary.characterMap = map
        return vocabulary
    }

    @Test func theBestSumWinsAndNotTheLongestToken() throws {
        let tokenizer = try Tokenizer(vocabulary())
        // "▁" "a" "ba" and "▁a" "ba" against "▁" "ab" "a".
        #expect(try tokenizer.encode("aba") == [1, 6, 7])
        #expect(try tokenizer.encode("ab ab", addSpecial: false) == [6, 4, 6, 4])
        #expect(tokenizer.decode([6, 4, 6, 4]) == "ab ab")
    }

    @Test func unknownCharactersInARowAreOneToken() throws {
        let tokenizer = try Tokenizer(vocabulary())
        #expect(try tokenizer.encode("axyzb", addSpecial: false) == [6, 0, 4])
        #expect(try tokenizer.encode(utf8: [0x61, 0xff, 0xfe], addSpecial: false) == [6, 0])
    }

    @Test func everyTextBetweenTokensStartsWithASpace() throws {
        let tokenizer = try Tokenizer(vocabulary())
        #expect(try tokenizer.encode("a<tool>a", addSpecial: false) == [6, 8, 6])
    }

    @Test func spacesAreKeptOrRemovedAsTheVocabularySays() throws {
        var vocabulary = vocabulary()
        #expect(try Tokenizer(vocabulary).encode("  a  ", addSpecial: false) == [2, 2, 6, 2, 2])
        vocabulary.removesExtraSpaces = true
        #expect(try Tokenizer(vocabulary).encode("  a   a ", addSpecial: false) == [6, 6])
    }

    /// A map with one entry: "x" becomes "é". Node 0 leads by its base to 1 ^ 0x78 = 0x79, a leaf whose base leads to 0x7a.
    static let map: [UInt8] = {
        var units = [UInt32](repeating: 0, count: 128)
        units[0] = 1 << 10
        units[0x79] = (0x79 ^ 0x7a) << 10 | 1 << 8 | 0x78
        units[0x7a] = 1 << 31 | 1
        let bytes = ([UInt32(4 * units.count)] + units).flatMap { unit in (0..<4).map { UInt8(unit >> (8 * $0) & 0xff) }
        }
        return bytes + [0] + Array("é".utf8) + [0]
    }()

    @Test func charactersAreReplacedByTheMap() throws {
        let tokenizer = try Tokenizer(vocabulary(map: Self.map))
        #expect(try tokenizer.encode("axb", addSpecial: false) == [6, 9, 4])
    }

    @Test func damagedMapsAreRefusedOrReplaceSomethingElseButNeverTrap() throws {
        for count in [1, 3, 4, 7, 100, Self.map.count - 1] {
            #expect(throws: TokenizerError.malformedCharacterMap) {
                try Tokenizer(vocabulary(map: Array(Self.map.prefix(count))))
            }
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var map = Self.map
            for _ in 0..<3 { map[Int.random(in: 0..<map.count)] = UInt8.random(in: 0...255, using: &random) }
            _ = try? Tokenizer(vocabulary(map: map)).encode("axb xx yz")
        }
    }

    @Test func aVocabularyWithoutUnknownTokenIsRefused() {
        var vocabulary = vocabulary()
        vocabulary.special.unknown = nil
        #expect(throws: TokenizerError.missingSpecial(role: "unknown")) { try Tokenizer(vocabulary) }
    }
}
