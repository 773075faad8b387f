import Foundation
import Server
import Testing

/// Requests that nobody means well. Each is answered or ended in bounded time, and the server goes on.
@Suite struct HostileRequestsTests {
    private static func head(_ line: String, _ fields: String = "Host: a\r\nConnection: close\r\n") -> [UInt8] {
        Array("\(line)\r\n\(fields)\r\n".utf8)
    }

    @Test(arguments: [
        (head("GET /../../etc/passwd HTTP/1.1"), [400]), (head("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1"), [400]),
        (head("GET //etc/passwd HTTP/1.1"), [400]), (head("GET /v2//manifests/a HTTP/1.1"), [400]),
        (head("GET /v2/tiny%2f..%2f..%2fx/manifests/a HTTP/1.1"), [400]),
        (head("GET /v2/tiny/blobs/..%2f..%2fetc HTTP/1.1"), [400]), (head("GET /%00 HTTP/1.1"), [400]),
        (head("GET /edgepipe/tiny/resolve/main/../../x HTTP/1.1"), [400]),
        (head("GET /edgepipe/tiny/resolve/main/%2e%2e%2fregistry.db HTTP/1.1"), [400]),
        (head("GET /registry.db HTTP/1.1"), [404]),
        (head("GET /v2/\(String(repeating: "a", count: 600))/tags/list HTTP/1.1"), [400]),
        (head("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1"), [414]),
        (head("GET / HTTP/1.1", "Host: a\r\nX: \(String(repeating: "a", count: 30_000))\r\n"), [431]),
        (head("POST /api/v1/query HTTP/1.1", "Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"), [400]),
        (head("POST /api/v1/query HTTP/1.1", "Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n"), [400]),
        (head("GET / HTTP/1.1", "Host: a\r\n folded: 1\r\n"), [400]),
        (Array("GET / HTTP/1.1\nHost: a\n\n".utf8), [400]),
        (head("GET http://other/ HTTP/1.1"), [400]), (head("CONNECT other:80 HTTP/1.1"), [400]),
        (head("TRACE /api/v1/builds HTTP/1.1"), [405]), (head("PRI * HTTP/2.0"), [400]),
        (
            head("GET /api/v1/builds HTTP/1.1", "Host: a\r\nAuthorization: Bearer \u{e9}\r\nConnection: close\r\n"),
            [401]
        ),
        (Array(repeating: 0x16, count: 300), [400]),
    ])
    func aHostileHeadIsRefusedAndNothingElseHappens(bytes: [UInt8], statuses: [Int]) async throws {
        // What is answered stays open for the next request; the test reads to the end.
        try await ServedRegistry.run(nil, { $0.limits.idleSeconds = 2 }) { served in
            let answer = try await served.send(bytes)
            #expect(statuses.contains(answer?.status ?? 0), "\(answer?.status ?? 0) \(answer?.text ?? "")")
            #expect(try await served.ask("/healthz").status == 200)
        }
    }

    @Test func aRequestHiddenInABodyIsNotAnswered() async throws {
        try await ServedRegistry.run(nil, { $0.limits.idleSeconds = 2 }) { served in
            let hidden = "GET /api/v1/models HTTP/1.1\r\nHost: a\r\n\r\n"
            let answer = try await served.send(
                Array("GET /none HTTP/1.1\r\nHost: a\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)".utf8)
            )
            #expect(answer?.status == 404)
            #expect(answer?.headers["connection"] == "close")
            #expect(answer?.text.contains("HTTP/1.1") == false)
        }
    }

    @Test func anEndlessBodyIsNotReadToItsEnd() async throws {
        try await ServedRegistry.run { served in
            let head = Array("POST /api/v1/builds HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n".utf8)
            let answer = try await served.send(head + [UInt8](repeating: 0, count: 64 << 20))
            #expect(answer == nil || answer?.status == 405)
        }
    }

    @Test func aHeadThatComesTooSlowlyEndsTheConnection() async throws {
        try await ServedRegistry.run(nil, { $0.limits.headSeconds = 1 }) { served in
            let answer = try await served.send(Array("GET / HTTP/1.1\r\nHo".utf8), then: [Array("st: a".utf8)])
            #expect(answer?.status == 408)
        }
    }

    @Test func aConnectionWithoutRequestsEnds() async throws {
        try await ServedRegistry.run(nil, { $0.limits.idleSeconds = 1 }) { served in
            let answer = try await served.send([])
            #expect(answer?.status == nil)
        }
    }

    @Test func tooManyConnectionsOfAnAddressAreToldSo() async throws {
        try await ServedRegistry.run(nil, { ($0.limits.connectionsPerAddress, $0.limits.headSeconds) = (2, 20) }) {
            served in
            // Two that say nothing stay until the server's time for a head is over.
            async let first = served.send(Array("GET /".utf8))
            async let second = served.send(Array("GET /".utf8))
            func status(until wanted: Int) async throws -> Int? {
                var status: Int?
                for _ in 0..<600 where status != wanted {
                    status = try await served.send(
                        Array("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8)
                    )?.status
                    if status != wanted { try await Task.sleep(for: .milliseconds(50)) }
                }
                return status
            }
            #expect(try await status(until: 503) == 503)
            _ = try await (first, second)
            // Once they are gone, others come in.
            #expect(try await status(until: 200) == 200)
        }
    }
}
