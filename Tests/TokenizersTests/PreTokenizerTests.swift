import Testing
import Tokenizers

/// The words into which texts fall, for every rule.
@Suite struct PreTokenizerTests {
    private func words(_ name: String, _ text: String) throws -> [String] {
        let rule = try PreTokenizer.named(name)
        var words: [String] = []
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            var start = 0
            rule.forEachWord(of: bytes) { count in
                words.append(String(decoding: bytes[start..<(start + count)], as: UTF8.self))
                start += count
            }
        }
        return words
    }

    @Test(
        arguments: [
            ("gpt-2", "I've 12345  new\n\nlines!?", ["I", "'ve", " 12345", " ", " new", "\n", "\n", "lines", "!?"]),
            (
                "llama-bpe", "I'VE 12345  new\n\na!?\n",
                ["I", "'VE", " ", "123", "45", " ", " new", "\n\n", "a", "!?\n"]
            ),
            ("qwen2", "12 ab's", ["1", "2", " ab", "'s"]),
            ("smollm", "a12 b", ["a", "1", "2", " b"]),
            ("qwen35", "nai\u{308}f", ["nai\u{308}f"]), ("qwen2", "nai\u{308}f", ["nai", "\u{308}f"]),
            ("default", "a.b=12345", ["a", ".", "b", "=", "123", "45"]),
        ] as [(String, String, [String])]
    )
    func textsFallIntoTheWordsOfTheRule(_ name: String, _ text: String, _ expected: [String]) throws {
        #expect(try words(name, text) == expected)
    }

    @Test(
        arguments: [
            ("camelCase HTMLPage", ["camel", "Case", " HTMLPage"]),
            ("I'Ve DON'T", ["I'Ve", " DON'T"]),
            // The last letter without a case of a run is its lower-case end.
            ("ÀB ÀÉB Àb 日本A", ["À", "B", " ÀÉ", "B", " Àb", " 日本", "A"]),
            ("x//\n/y 1234", ["x", "//\n/", "y", " ", "123", "4"]),
            ("cafe\u{301}s", ["cafe", "\u{301}s"]),
        ] as [(String, [String])]
    )
    func wordsEndWhereCapitalsFollowSmallLetters(_ text: String, _ expected: [String]) throws {
        #expect(try words("gpt-4o", text) == expected)
    }

    @Test(
        arguments: [
            ("deepseek-llm", "Hi, you  \n日本12a", ["Hi", ",", " you", "  ", "\n", "日本", "12", "a"]),
            ("deepseek-coder", "Hi, you 日12", ["Hi", ",", " you", " ", "日", "1", "2"]),
            ("deepseek-v3", "a.bc 1234日本\n", ["a", ".bc", " ", "123", "4", "日本", "\n"]),
            ("spark2_5", "a!\n\nb 12", ["a", "!", "\n", "\n", "b", " ", "1", "2"]),
            ("youtu", "가나 don't，日1", ["가나", " don't", "，", "日", "1"]),
            ("jais-2", "a" + String(repeating: " ", count: 7) + "b", ["a", "    ", "  ", " b"]),
            ("exaone-moe", "one two 12!\n", ["one two", " ", "1", "2", "!\n"]),
            ("seed-coder", "a!\n\nb", ["a", "!", "\n\n", "b"]),
            ("ufakzeka", "it's", ["it", "'s"]), ("bloom", "a b, c", ["a", " b", ",", " c"]),
            ("viking", "a1 b2", ["a", "1", " b", "2"]), ("superbpe", "a1234567", ["a", "1", "234", "567"]),
            ("tiny_aya", "a 1234567", ["a", " ", "1", "234", "567"]),
            ("kimi-k2", "日本a's 1234", ["日本", "a's", " ", "123", "4"]),
            ("chameleon", "IMGIMGABZ<sentinel:1>  a1", ["IMGIMGABZ", "<", "sentinel", ":", "1", ">", "  ", "a", "1"]),
            ("granite-embed-multi-97m", "\u{301}ABc", ["\u{301}ABc"]),
            ("granite-embed-multi-97m", "\u{301}AB", ["\u{301}", "AB"]),
        ] as [(String, String, [String])]
    )
    func textsFallIntoTheWordsOfAFamilysOwnRule(_ name: String, _ text: String, _ expected: [String]) throws {
        #expect(try words(name, text) == expected)
    }

    @Test func tekkenKnowsNoContractionsAndSplitsDigits() throws {
        #expect(try words("tekken", "don't 123") == ["don", "'t", " ", "1", "2", "3"])
    }

    @Test func whiteSpaceIsWhatUnicodeSays() throws {
        let spaces = "\u{9}\u{b}\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{202f}\u{205f}\u{3000}"
        #expect(try words("gpt-2", spaces) == [spaces])
        // Neither is a joiner of no width, nor half of a surrogate pair.
        #expect(try words("gpt-2", "\u{200b}a \u{fffd}") == ["\u{200b}", "a", " \u{fffd}"])
    }
}
