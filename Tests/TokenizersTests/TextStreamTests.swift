import Testing
import Tokenizers

@Suite struct TextStreamTests {
    @Test func charactersAppearWhenTheirLastByteComes() throws {
        var vocabulary = Vocabulary(kind: .sentencePiece, tokens: ["<unk>", "<s>", "</s>"])
        vocabulary.types = [.unknown, .control, .control]
        for byte in 0..<256 {
            let digits = String(byte, radix: 16, uppercase: true)
            vocabulary.tokens.append("<0x\(byte < 16 ? "0" : "")\(digits)>")
            vocabulary.types.append(.byte)
        }
        let tokenizer = try Tokenizer(vocabulary)
        let ids = try tokenizer.encode("a€🦙b", addSpecial: false)
        #expect(ids == Array("a€🦙b".utf8).map { Int32($0) + 3 })
        var stream = TextStream(tokenizer)
        #expect(ids.map { stream.append($0) } == ["a", "", "", "€", "", "", "", "🦙", "b"])
        #expect(stream.finish() == "")
        #expect(stream.append(ids[1]) == "" && stream.finish() == "\u{fffd}")
    }
}
