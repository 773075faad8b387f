import NIOCore
import Server
import Testing

/// Heads that two programs could read in two ways are refused before any parser sees them.
@Suite struct HeadScannerTests {
    private func scan(_ text: String, piece: Int = .max) -> (passed: String, refusal: Int?) {
        var scanner = HeadScanner(ServerLimits())
        var passed = ""
        var bytes = ByteBuffer(string: text)
        do {
            while let slice = bytes.readSlice(length: min(piece, bytes.readableBytes)), slice.readableBytes > 0 {
                try scanner.take(slice) { passed += String(buffer: $0) }
            }
            return (passed, nil)
        } catch {
            return (passed, (error as? HeadScanner.Refusal)?.status)
        }
    }

    private static let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(arguments: [1, 2, 7, .max])
    func whatIsClearPassesWholeWhateverItsPieces(piece: Int) {
        let texts = [
            Self.good, Self.good + Self.good,
            "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + Self.good,
            "PATCH /x?a=b HTTP/1.1\r\nhost: a:80\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
                + Self.good,
            "PATCH /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nX: a\tb\r\n\r\n",
        ]
        for text in texts {
            let (passed, refusal) = scan(text, piece: piece)
            #expect(passed == text)
            #expect(refusal == nil, "\(text)")
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\tfolded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", "GET /a\u{0}b HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: \r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n", "G T / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    ])
    func whatIsNotClearIsRefused(text: String) {
        for piece in [1, .max] { #expect(scan(text, piece: piece).refusal == 400, "\(text)") }
    }

    @Test func whatIsTooLongIsRefusedBeforeItEnds() {
        let limits = ServerLimits()
        let line = "GET /" + String(repeating: "a", count: limits.requestLineBytes)
        #expect(scan(line).refusal == 414)
        let field =
            "GET / HTTP/1.1\r\nHost: a\r\nX: "
            + String(repeating: "a", count: limits.headerBytes + limits.requestLineBytes)
        #expect(scan(field).refusal == 431)
        let many = (0...limits.headerCount).map { "X\($0): 1\r\n" }.joined()
        #expect(scan("GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n").refusal == 431)
    }
}
