import HTTPTypes
import Server
import Testing

@Suite struct ByteRangeTests {
    @Test(arguments: [
        ("bytes=0-0", ByteRange.part(0..<1)), ("bytes=0-", .part(0..<10)), ("bytes=3-5", .part(3..<6)),
        ("bytes=3-99", .part(3..<10)), ("bytes=-3", .part(7..<10)), ("bytes=-99", .part(0..<10)),
        ("Bytes= 3 - 5 ", .part(3..<6)), ("bytes=10-", .unsatisfiable), ("bytes=10-12", .unsatisfiable),
        ("bytes=-0", .unsatisfiable), ("bytes=5-3", .whole), ("bytes=0-1,3-4", .whole), ("bytes=a-b", .whole),
        ("bytes=--1", .whole), ("bytes=", .whole), ("items=0-1", .whole), ("bytes=99999999999999999999-", .whole),
    ])
    func aRangeIsReadAsTheSpecificationSays(text: String, range: ByteRange) {
        #expect(ByteRange(text, count: 10) == range)
    }

    @Test func aRangeOfAnotherFileBringsAllOfThisOne() {
        var headers: HTTPFields = [.range: "bytes=1-2", .ifRange: "\"other\""]
        #expect(ByteRange(headers, count: 10, etag: "\"own\"") == .whole)
        headers[.ifRange] = "\"own\""
        #expect(ByteRange(headers, count: 10, etag: "\"own\"") == .part(1..<3))
        headers[.ifRange] = "W/\"own\""
        #expect(ByteRange(headers, count: 10, etag: "\"own\"") == .whole)
    }
}
