import Testing
import Tokenizers

@Suite struct TokenizerTests {
    /// Letters, a few merges of them, and tokens of every kind. Ids are indices.
    func vocabulary(name: String = "") -> Vocabulary {
        let tokens: [(String, Vocabulary.TokenType, Float)] = [
            ("<unk>", .unknown, 0), ("<s>", .control, 0), ("</s>", .userDefined, 0), ("<|user|>", .control, 0),
            ("<|user", .userDefined, 0), ("▁", .normal, -10), ("a", .normal, -11), ("b", .normal, -12),
            ("ab", .normal, -2), ("▁a", .normal, -1), ("bb", .normal, -3), ("<0x63>", .byte, 0), ("<0x0A>", .byte, 0),
        ]
        var special = Vocabulary.SpecialTokens()
        (special.unknown, special.beginning, special.end) = (0, 1, 2)
        return Vocabulary(
            kind: .sentencePiece,
            tokens: tokens.map(\.0),
            scores: tokens.map(\.2),
            types: tokens.map(\.1),
            special: special,
            addsBeginning: true,
            addsSpacePrefix: true,
            modelName: name
        )
    }

    @Test func bestScoreMergesFirstAndLeftWinsATie() throws {
        let tokenizer = try Tokenizer(vocabulary())
        // "▁a" beats "ab"; then "bb" beats nothing else.
        #expect(try tokenizer.encode("abb") == [1, 9, 10])
        #expect(try tokenizer.encode("bbb", addSpecial: false) == [5, 10, 7])
        #expect(try tokenizer.encode("", addSpecial: true) == [1])
        #expect(try tokenizer.encode("", addSpecial: false) == [])
    }

    @Test func charactersWithoutTokenBecomeBytes() throws {
        let tokenizer = try Tokenizer(vocabulary())
        #expect(try tokenizer.encode("c\n", addSpecial: false) == [5, 11, 12])
        #expect(throws: TokenizerError.noTokenForByte(0x64)) { try tokenizer.encode("d") }
    }

    @Test func controlTokensAreTextUnlessParsedAndUserDefinedOnesNever() throws {
        var plain = vocabulary()
        plain.tokens += ["<", "|", "u", "s", "e", "r", ">"]
        plain.types += Array(repeating: .normal, count: 7)
        plain.scores += Array(repeating: -20, count: 7)
        let tokenizer = try Tokenizer(plain)
        #expect(try tokenizer.encode("<|user|>a", addSpecial: false, parseSpecial: true) == [3, 9])
        // The longer token is out of the game, so the shorter, user-defined one is found.
        #expect(try tokenizer.encode("<|user|>a", addSpecial: false) == [4, 5, 14, 19, 6])
    }

    @Test func phi3TokensSwallowTheSpaceAfterThem() throws {
        let usual = try Tokenizer(vocabulary())
        let phi = try Tokenizer(vocabulary(name: "Tiny Phi-3"))
        let text = "<|user|> \n a"
        #expect(try usual.encode(text, addSpecial: false, parseSpecial: true) == [3, 5, 5, 12, 9])
        #expect(try phi.encode(text, addSpecial: false, parseSpecial: true) == [3, 9])
        // but not the start token
        #expect(try phi.encode("<s> a", addSpecial: false, parseSpecial: true) == [1, 5, 9])
    }

    @Test func decodingDropsTheSpaceThatEncodingAdded() throws {
        let tokenizer = try Tokenizer(vocabulary())
        for text in ["abb", " ab a", "a\nb"] {
            #expect(tokenizer.decode(try tokenizer.encode(text, addSpecial: false)) == text)
        }
        #expect(tokenizer.piece(of: 1).isEmpty && tokenizer.piece(of: 1, renderSpecial: true) == Array("<s>".utf8))
        #expect(tokenizer.piece(of: -1).isEmpty && tokenizer.piece(of: 999).isEmpty)
    }

    @Test func contradictionsAreRefused() {
        var duplicate = vocabulary()
        duplicate.tokens[7] = "a"
        #expect(throws: TokenizerError.duplicateToken(text: "a", first: 6, second: 7)) { try Tokenizer(duplicate) }
        var short = vocabulary()
        short.scores.removeLast()
        #expect(throws: TokenizerError.countMismatch(list: "scores", expected: 13, found: 12)) { try Tokenizer(short) }
        var far = vocabulary()
        far.special.end = 13
        #expect(throws: TokenizerError.idOutOfRange(role: "eos", id: 13, count: 13)) { try Tokenizer(far) }
        var nameless = vocabulary()
        nameless.special.beginning = nil
        #expect(throws: TokenizerError.missingSpecial(role: "bos")) { try Tokenizer(nameless) }
        var unknown = Vocabulary(kind: .byteLevelBPE, preTokenizer: "no-such", tokens: ["a"])
        #expect(throws: TokenizerError.self) { try Tokenizer(unknown) }
        unknown.preTokenizer = "gpt-2"
        unknown.merges = ["ab"]
        #expect(throws: TokenizerError.malformedMerge(index: 0, text: "ab")) { try Tokenizer(unknown) }
        #expect(throws: TokenizerError.noTokens) { try Tokenizer(Vocabulary(kind: .sentencePiece, tokens: [])) }
    }
}
