import BinaryIO
import Foundation
import Pipeline
import SystemPackage
import TestSupport
import Testing

@Suite struct CacheServerTests {
    private let base = FakeStep(id: "base")
    private let next: FakeStep
    private let server: SmallCacheServer

    init() throws {
        next = FakeStep(id: "next", builds: ["a", "b"], takes: [base], word: "next")
        server = try SmallCacheServer()
    }

    /// A run on a machine of its own.
    private func run(_ mode: CacheMode = .on, in run: FakeRun? = nil, remarks: Mutexed<[String]> = .init([])) throws
        -> String
    {
        let address = server.address
        return try (run ?? FakeRun()).run([base, next], remarks: remarks) {
            ($0.cache.place, $0.cache.mode) = (.server(address), mode)
        }
    }

    @Test func whatOneMachineMadeAnotherTakes() async throws {
        try await onOwnThread {
            #expect(try run() == "done done")
            let sent = server.requests.filter { $0.method == "PUT" }.map(\.target)
            #expect(sent.allSatisfy { $0.hasPrefix("/prefix/ac/") || $0.hasPrefix("/prefix/cas/") })
            // A connection that ends between two requests makes the client send one again.
            #expect(Set(sent).count == 8)
            #expect(sent.first?.hasPrefix("/prefix/cas/") == true, "files before records")
            let other = try FakeRun()
            #expect(try run(in: other) == "cached cached")
            #expect(try readFile(other.name(of: next), limit: 100) == Array("next a".utf8))
            #expect(FileStatus(other.file(of: base)) == nil, "what nobody needs is not fetched")
            let before = server.requests.count
            #expect(try run(in: other) == "cached cached")
            #expect(server.requests.count == before, "it is near by now")
            #expect(try run(.readonly) == "cached cached" && run(.refresh) == "done done" && run(.off) == "done done")
        }
    }

    @Test func plansAskAndFetchNothing() async throws {
        try await onOwnThread {
            #expect(try run() == "done done")
            let other = try FakeRun()
            let address = server.address
            let plan = try other.plan([base, next]) { $0.cache.place = .server(address) }
            #expect(plan.map(\.action) == [.cached, .cached])
            #expect(FileStatus(other.folder.root) == nil)
        }
    }

    @Test func aServerThatIsBusyTwiceIsAskedAgain() async throws {
        try await onOwnThread {
            #expect(try run() == "done done")
            let answers = Mutexed(0)
            server.lie.change {
                $0 = { _, answer in
                    answers.change { $0 += 1 }
                    return answers.value <= 2 ? .init(503, headers: ["Retry-After": "0"]) : answer
                }
            }
            let remarks = Mutexed<[String]>([])
            let other = try FakeRun()
            let statuses = try run(in: other, remarks: remarks)
            #expect(statuses == "cached cached")
            #expect(remarks.value.isEmpty && answers.value > 3)
        }
    }

    @Test func aServerThatLiesCostsWorkAndNothingElse() async throws {
        try await onOwnThread {
            #expect(try run() == "done done")
            let seed = UInt64.random(in: 0 ... .max)
            let lies: [(String, SmallCacheServer.Lie)] = [
                ("every byte", { _, answer in with(answer) { $0.body = $0.body.map { $0 ^ 1 } } }),
                (
                    "one byte of files",
                    { request, answer in
                        with(answer) { if request.target.contains("/cas/"), !$0.body.isEmpty { $0.body[0] ^= 1 } }
                    }
                ),
                (
                    "another record",
                    { [server] request, answer in
                        guard request.method == "GET", request.target.contains("/ac/") else { return answer }
                        let other = server.held.value.first { $0.key.contains("/ac/") && $0.key != request.target }
                        return .init(200, body: other?.value ?? [])
                    }
                ),
                ("cut", { _, answer in with(answer) { $0.cutAfter = $0.body.count / 2 } }),
                ("short", { _, answer in with(answer) { $0.body = $0.body.dropLast() } }),
                ("long", { _, answer in with(answer) { $0.body += [0] } }),
                ("empty", { _, answer in with(answer) { $0.body = [] } }),
                ("nothing", { _, _ in .init(404) }),
                ("error", { _, _ in .init(500) }),
                ("forbidden", { _, _ in .init(403) }),
                ("silence", { _, _ in .init(0) }),
                ("elsewhere", { _, _ in .init(302, headers: ["Location": "http://127.0.0.1:1/"]) }),
                ("a page", { _, _ in .init(200, headers: ["Content-Type": "text/html"], body: Array("<html>".utf8)) }),
            ]
            let kept = server.held.value
            for (name, lie) in lies {
                server.held.change { $0 = kept }
                server.lie.change { $0 = lie }
                let other = try FakeRun()
                let remarks = Mutexed<[String]>([])
                let statuses = try run(in: other, remarks: remarks)
                #expect(statuses == "done done" || statuses == "cached done", "\(name), seed \(seed): \(statuses)")
                #expect(try readFile(other.name(of: next), limit: 100) == Array("next a".utf8), "\(name)")
                #expect(remarks.value.count <= 1, "\(name): \(remarks.value)")
                #expect(try run(in: other) == "cached cached", "\(name): near by it is right")
            }
        }
    }

    @Test func aServerThatIsAwayIsAskedOnce() async throws {
        try await onOwnThread {
            let address = server.address
            server.stop()
            let remarks = Mutexed<[String]>([])
            let started = Date()
            let statuses = try FakeRun().run([base, next], remarks: remarks) { $0.cache.place = .server(address) }
            #expect(statuses == "done done")
            #expect(remarks.value.count == 1 && remarks.value[0].contains("cannot be used"), "\(remarks.value)")
            #expect(Date().timeIntervalSince(started) < 20)
        }
    }

    @Test(arguments: ["http://", "http://host:99999", "http://user:secret@host", "https://host/x?y=z", "http://ho st/"])
    func anAddressThatLeadsNowhereIsAnErrorBeforeTheFirstStep(_ address: String) async throws {
        try await onOwnThread {
            let error = try #require(throws: CacheError.self) {
                try FakeRun().run([base]) { $0.cache.place = .server(address) }
            }
            #expect("\(error)".contains("cannot be used"), "\(error)")
        }
    }

    @Test func aTokenGoesToSafeAddressesAlone() async throws {
        try await onOwnThread {
            let environment = ["EDGEPIPE_CACHE_TOKEN": "secret"]
            #expect(throws: CacheError.self) { try CacheServer("http://example.com", environment) }
            #expect(throws: CacheError.self) { try CacheServer("https://example.com", ["EDGEPIPE_CACHE_TOKEN": "a b"]) }
            let place = try CacheServer(server.address, environment)
            #expect(try place.record(for: SHA256Digest(of: [])) == nil)
            #expect(server.requests.last?.headers["authorization"] == "Bearer secret")
        }
    }
}

private func with(_ answer: LoopbackServer.Answer, _ change: (inout LoopbackServer.Answer) -> Void)
    -> LoopbackServer.Answer
{
    var answer = answer
    change(&answer)
    return answer
}
