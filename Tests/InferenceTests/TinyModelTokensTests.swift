import BinaryIO
import Foundation
import Inference
import SystemPackage
import TestSupport
import Testing
import Tokenizers

@Suite struct TinyModelTokensTests {
    @Test func firstTwentyThousandBytesOfTheSampleHaveLlamaCppsIds() throws {
        let tokenizer = try Tokenizer(try Vocabulary(try TinyModels().metadata()))
        let text = try readFile(Goldens.packageRoot.appending("texts/sample.txt"), limit: 1 << 24)
        let golden = try readFile(
            Goldens.tinyPhi3.appending("sample-first-20000-bytes.tokens.json"),
            limit: 1 << 20
        )
        let expected = try JSONDecoder().decode([Int32].self, from: Data(golden))
        #expect(try tokenizer.encode(utf8: Array(text.prefix(20_000))) == expected)
        #expect(expected.first == tokenizer.special.beginning)
    }
}
