import BinaryIO
import Foundation
import Registry
import Server
import SystemPackage
import TestSupport
import Testing

/// Tokens open what they are for, and nothing says what they are.
@Suite struct AccessTests {
    private let scratch: ScratchFolder
    private var file: FilePath { scratch.appending("tokens.json") }

    init() throws { scratch = try ScratchFolder() }

    private func token(_ model: String, _ allow: String, expires: String? = nil) throws -> String {
        try TokenFile.adding(model: model, allow: allow, expires: expires, to: file).token
    }

    private func makePrivate() throws {
        var tokens = try TokenFile(file)
        tokens.isPrivate = true
        try tokens.write(to: file)
    }

    private func served(_ body: (ServedRegistry) async throws -> Void) async throws {
        try await ServedRegistry.run(nil, { [file] in $0.tokens = file }, body)
    }

    @Test func aTokenIsLikeTheHubsAndTheFileKeepsItsDigestAlone() throws {
        let token = try token("tiny", "push", expires: "90d")
        #expect(token.wholeMatch(of: /hf_[A-Za-z0-9]{40}/) != nil)
        let text = try String(contentsOfFile: file.string, encoding: .utf8)
        #expect(!text.contains(token.dropFirst(3)))
        #expect(text.contains("\(AccessToken.digest(token))"))
        let mode = try FileManager.default.attributesOfItem(atPath: file.string)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test func aPatternMeansWhatItSays() {
        func allows(_ pattern: String, _ name: String?) -> Bool {
            AccessToken.make(model: pattern, allow: [.pull], expires: nil).grant.allows(.pull, name, at: Date())
        }
        #expect(
            allows("*", "tiny") && allows("*", nil) && allows("t*", "tiny") && allows("*ny", "tiny")
                && allows("t*n*y", "tiny")
        )
        #expect(allows("tiny", "tiny") && allows("tiny*", "tiny"))
        #expect(!allows("tiny", "tiny2") && !allows("t*x", "tiny") && !allows("tiny", nil) && !allows("tiny*y", "tiny"))
        let ended = AccessToken.make(model: "*", allow: [.pull], expires: Date(timeIntervalSince1970: 0)).grant
        #expect(!ended.allows(.pull, "tiny", at: Date()))
        let push = AccessToken.make(model: "*", allow: [.push], expires: nil).grant
        #expect(push.allows(.pull, "tiny", at: Date()))
        let pull = AccessToken.make(model: "*", allow: [.pull], expires: nil).grant
        #expect(!pull.allows(.push, "tiny", at: Date()))
    }

    @Test func aPrivateServerShowsNothingWithoutATokenForIt() async throws {
        let (good, other) = (try token("tiny", "pull"), try token("else", "pull"))
        try makePrivate()
        let build = try #require(try await TinyRegistry.builds().first)
        let blob = "/v2/tiny/blobs/sha256:\(build.digest)"
        try await served { served in
            for target in ["/v2/", blob, "/v2/tiny/tags/list", "/api/v1/builds", "/edgepipe/tiny/resolve/main/x.gguf"] {
                #expect(try await served.ask(target).status == 401, "\(target)")
                let wrong = try await served.ask(
                    target,
                    headers: ["Authorization": "Bearer hf_\(String(repeating: "x", count: 40))"]
                )
                #expect(wrong.status == 401, "\(target)")
            }
            let challenge = try await served.ask("/v2/tiny/tags/list").headers["www-authenticate"] ?? ""
            #expect(
                challenge.hasPrefix("Bearer realm=\"http://127.0.0.1:\(served.port)/v2/token\",service=\"edgepipe\"")
            )
            #expect(challenge.hasSuffix("scope=\"repository:tiny:pull\""))
            for field in ["Bearer \(good)", "Basic \(Data("any:\(good)".utf8).base64EncodedString())"] {
                #expect(try await served.ask(blob, headers: ["Authorization": field]).status == 200)
                #expect(
                    try await served.ask("/api/v1/query?model=tiny", headers: ["Authorization": field]).status == 200
                )
                // A token of one model does not read the list of all.
                #expect(try await served.ask("/api/v1/builds", headers: ["Authorization": field]).status == 403)
            }
            #expect(try await served.ask(blob, headers: ["Authorization": "Bearer \(other)"]).status == 403)
            let basic = ["Authorization": "Basic \(Data("any:\(good)".utf8).base64EncodedString())"]
            let traded = try await served.ask("/v2/token?service=edgepipe&scope=repository:tiny:pull", headers: basic)
            #expect(try JSONValue(parsing: traded.body)["token"]?.string == good)
        }
    }

    @Test func aSignedAddressLeadsToItsFileAndToNoOther() async throws {
        let good = try token("tiny", "pull")
        try makePrivate()
        let builds = try await TinyRegistry.builds()
        let paths = builds.prefix(2).map { "/v2/tiny/blobs/sha256:\($0.digest)" }
        try await served { served in
            let answer = try await served.ask(paths[0], headers: ["Authorization": "Bearer \(good)"])
            let location = try #require(answer.headers["location"])
            #expect(!location.contains(good))
            let target = String(location.dropFirst("http://127.0.0.1:\(served.port)".count))
            #expect(try await served.ask(target, headers: ["Range": "bytes=0-3"]).status == 206)
            let query = target.drop { $0 != "?" }
            #expect(try await served.ask(paths[1] + query).status == 401)
            #expect(try await served.ask(target.replacing(/expires=\d+/, with: "expires=99999999999")).status == 401)
        }
    }

    @Test func aTokenThatIsTakenBackOpensNothing() async throws {
        let good = try token("*", "pull")
        try makePrivate()
        try await served { served in
            #expect(try await served.ask("/api/v1/builds", headers: ["Authorization": "Bearer \(good)"]).status == 200)
            var tokens = try TokenFile(file)
            tokens.tokens = []
            try tokens.write(to: file)
            #expect(try await served.ask("/api/v1/builds", headers: ["Authorization": "Bearer \(good)"]).status == 401)
        }
    }

    @Test(arguments: ["0.0.0.0:8080", "[::]:8080", "192.168.1.1:80", "example.org:80"])
    func anAddressThatOthersReachNeedsEncryption(address: String) throws {
        var settings = ServerSettings(registry: "registry.db")
        try settings.listen(on: address)
        #expect(throws: ServerStartError.self) { try settings.validated() }
        settings.transport = .behindProxy
        try settings.validated()
    }

    @Test(arguments: ["8080", "a", ":8080", "127.0.0.1:99999", "127.0.0.1:"])
    func whatIsNoAddressIsRefused(address: String) {
        var settings = ServerSettings(registry: "registry.db")
        #expect(throws: ServerStartError.self) { try settings.listen(on: address) }
    }
}
