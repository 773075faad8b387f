import BinaryIO
import TestSupport
import Testing

@Suite struct JSONParserTests {
    /// A few bytes a value would become some tens in memory.
    @Test func moreValuesThanAnyModelHasAreRefused() {
        let bomb =
            Array("[".utf8) + Array(repeatElement(Array("0,".utf8), count: 9_000_000).joined()) + Array("0]".utf8)
        let error = #expect(throws: JSONError.self) { _ = try JSONValue(parsing: bomb) }
        #expect(error?.reason == "more than 8000000 values")
    }

    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    private func refusal(_ bytes: some Sequence<UInt8>) -> JSONError? {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(bytes)) }
    }

    @Test func keepsTheOrderOfKeys() throws {
        let object = try #require(try parse(#" {"z": 1, "a": 2, "m": {"y": 3, "b": 4}} "#).object)
        #expect(object.members.map(\.key) == ["z", "a", "m"])
        #expect(object["m"]?.object?.members.map(\.key) == ["y", "b"])
    }

    @Test func aKeyThatStandsTwiceIsAnErrorAtItsSecondPlace() {
        let error = refusal(#"{"a":1,"b":2,"a":3}"#.utf8)
        #expect(error == JSONError(offset: 13, reason: "the key 'a' stands twice"))
        #expect(refusal(#"{"a":1,"\u0061":3}"#.utf8)?.offset == 7)
    }

    @Test func keysAreComparedByTheirBytes() throws {
        let object = try #require(try parse("{\"\u{e9}\":1,\"e\u{301}\":2}").object)
        #expect(object.members.count == 2 && object["e\u{301}"]?.integer == 2)
    }

    @Test(
        arguments: [
            ("null", .null), ("true", .bool(true)), ("false", .bool(false)), ("[]", .array([])),
            ("{}", .object(JSONObject())),
            (#""""#, .string("")), (#""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{c}\n\r\t")),
            (#""\u00e9\uD83D\uDF01\u0000""#, .string("é🜁\0")),
            ("[1,[2]]", .array([.number("1"), .array([.number("2")])])),
        ] as [(String, JSONValue)]
    )
    func readsEveryKindOfValue(_ text: String, _ value: JSONValue) throws {
        #expect(try parse(text) == value)
        #expect(try parse(" \t\r\n" + text + "\n ") == value)
    }

    @Test(
        arguments: [
            ("0", 0, 0), ("-0", 0, 0), ("12", 12, 12), ("-7", -7, -7), ("1.5", nil, 1.5), ("1e3", nil, 1000),
            ("2E-2", nil, 0.02),
            ("9223372036854775807", Int.max, 0x1p63), ("9223372036854775808", nil, 0x1p63),
            ("1e999", nil, Double.infinity),
        ] as [(String, Int?, Double)]
    )
    func numbersKeepTheirSpelling(_ text: String, _ integer: Int?, _ double: Double) throws {
        let value = try parse(text)
        #expect(value == .number(text) && value.integer == integer && value.double == double)
    }

    @Test(arguments: [
        "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "nan", "Nan", "Inf", "-NaN", "+Infinity", "--1", "1 2", "tru",
        "nul",
        "",
        "  ", "[1,]", "[,1]", "[1", "[1 2]", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "{1:2}", "{'a':1}", #"{"a":1"#,
        "\"", #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, "\"\u{1}\"", "\"a\nb\"", "{} {}", "[]]", "null,",
        "{}\u{feff}", " \u{feff}{}",
        "// c\n1",
    ])
    func refusesWhatTheStandardDoesNotAllow(_ text: String) {
        #expect(refusal(text.utf8) != nil)
    }

    /// Python writes them where a number is none; who reads one finds that it is not finite.
    @Test func whatNoNumberIsMayStandInPlaceOfOne() throws {
        let value = try parse(#"{"a":NaN,"b":[Infinity,-Infinity],"c":1}"#)
        #expect(value["a"]?.double?.isNaN == true && value["a"]?.integer == nil)
        #expect(value["b"]?.array?.map(\.double) == [.infinity, -.infinity])
        #expect(value["c"]?.integer == 1)
    }

    @Test func aMarkOfTheByteOrderBeforeTheDocumentIsSkipped() throws {
        #expect(try parse("\u{feff}[1]") == .array([.number("1")]))
        #expect(refusal([0xef, 0xbb, 0xbf, 0x5b])?.offset == 4)
    }

    @Test(arguments: [
        #""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\ud800""#, #""\udc00\ud800""#,
    ])
    func halfASurrogatePairIsRefused(_ text: String) {
        #expect(refusal(text.utf8)?.reason == "half a surrogate pair")
    }

    @Test(arguments: [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80]] as [[UInt8]])
    func stringsMustBeUTF8(_ text: [UInt8]) {
        #expect(refusal([0x22] + text + [0x22]) == JSONError(offset: 1, reason: "the string is not valid UTF-8"))
    }

    @Test(arguments: ["[", #"{"a":"#])
    func nestingIsLimitedBeforeTheStackIs(_ opening: String) throws {
        let bomb = String(repeating: opening, count: 1_000_000)
        #expect(refusal(bomb.utf8)?.reason == "nested more than 64 levels deep")
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        #expect(throws: Never.self) { try parse(deep) }
        #expect(refusal("[\(deep)]".utf8)?.reason == "nested more than 64 levels deep")
    }

    @Test func whatFollowsTheDocumentIsRefusedWhereItBegins() {
        #expect(refusal("{} x".utf8) == JSONError(offset: 3, reason: "something follows the end of the document"))
    }

    /// Whatever the damage, the parser answers with a value or an error and never leaves its buffer.
    @Test func damagedTextNeverTraps() {
        var random = SeededRandom.printed()
        let text = Array(#"{"a":[1,-2.5e+3,"\u00e9\ud83d\udf01\n",null,true],"b":{"c":{},"d":[]},"é":"x"}"#.utf8)
        var accepted = 0
        for _ in 0..<20_000 where (try? JSONValue(parsing: random.mutate(text))) != nil { accepted += 1 }
        #expect((1..<20_000).contains(accepted))
    }
}
