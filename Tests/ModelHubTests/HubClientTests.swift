import Foundation
import ModelHub
import SystemPackage
import TestSupport
import Testing

/// What the Hub's refusals mean, whom the token is shown, and listings that are not to be trusted.
@Suite struct HubClientTests {
    private let downloads = Downloads()

    private func listing(_ answer: SmallHub.Answer) throws -> SmallHub {
        try SmallHub(Downloads.files) { request, _, _ in request.target.hasPrefix("/api/") ? answer : nil }
    }

    @Test func aMissingRepositoryMayBeAPrivateOne() async throws {
        let hub = try SmallHub(Downloads.files, as: "acme/other")
        let settings = downloads.settings(hub)
        let error = await #expect(throws: ModelHubError.self) {
            try await Hub(settings).fetch(.hub(repository: "acme/tiny", revision: "main"))
        }
        #expect(error == .noRepository("acme/tiny", hasToken: false))
        #expect(error?.description.contains("HF_TOKEN") == true)
        #expect(hub.requests.count == 1, "it is not tried again")
    }

    @Test func aMissingRevisionIsNamed() async throws {
        let hub = try SmallHub(Downloads.files)
        #expect(
            await downloads.failure(from: hub, "v9")
                == .noRevision(repository: "acme/tiny", revision: "v9")
        )
    }

    @Test(arguments: [401, 403])
    func aGatedModelSaysWhereToAcceptItsTerms(_ status: Int) async throws {
        let hub = try SmallHub(Downloads.files) { request, _, _ in
            request.target.contains("/resolve/") ? .init(status, headers: ["X-Error-Code": "GatedRepo"]) : nil
        }
        let page = "\(hub.endpoint)/acme/tiny"
        let error = await downloads.failure(from: hub)
        #expect(error == .gated(repository: "acme/tiny", page: page, hasToken: false))
        #expect(error?.description.contains("Accept them at \(page), then set HF_TOKEN") == true)
    }

    @Test func aTokenThatTheHubDoesNotKnowIsSaidToBe() async throws {
        let hub = try listing(
            .init(401, headers: ["X-Error-Message": "Invalid credentials in Authorization header"])
        )
        var settings = downloads.settings(hub)
        settings.token = try HubToken("hf_secret")
        let error = await downloads.failure(from: hub, "main", settings)
        #expect(error == .tokenRefused(host: "127.0.0.1"))
        #expect(error?.description.contains("secret") == false)
    }

    @Test func aServerThatIsBusyIsAskedAgain() async throws {
        let hub = try SmallHub(Downloads.files) { _, _, count in
            switch count {
            case 0: .init(503)
            case 1: .init(429, headers: ["Retry-After": "0"])
            default: nil
            }
        }
        let model = try await downloads.fetch(from: hub)
        #expect(downloads.digest(model.folder.appending("model.safetensors")) == Downloads.model.digest)
    }

    @Test func aPauseThatTheServerAsksForIsKept() async throws {
        let hub = try SmallHub(Downloads.files) { request, _, count in
            request.target.hasPrefix("/api/") && count == 0 ? .init(429, headers: ["Retry-After": "1"]) : nil
        }
        let start = ContinuousClock.now
        try await downloads.fetch(from: hub)
        #expect(ContinuousClock.now - start >= .seconds(1))
    }

    @Test(arguments: [["Retry-After": "300"], ["RateLimit": "\"api\";r=0;t=300"]])
    func aPauseThatIsTooLongIsAnErrorThatNamesIt(_ headers: [String: String]) async throws {
        let hub = try listing(.init(429, headers: headers))
        let error = await downloads.failure(from: hub)
        #expect(error == .rateLimited(host: "127.0.0.1", seconds: 300))
        #expect(error?.description.contains("in 300 seconds") == true)
        #expect(hub.requests.count == 1)
    }

    @Test func aServerThatStaysBrokenIsGivenUp() async throws {
        let hub = try listing(.init(500, headers: ["X-Error-Message": "on \u{9b}31mfire"]))
        let error = await downloads.failure(from: hub)
        #expect(error == .serverFailed(host: "127.0.0.1", status: 500, message: "on 31mfire"), "no terminal codes")
        #expect(hub.requests.count == 3)
    }

    /// The Hub's files come from another host, which must not see the token. 127.0.0.1 and localhost are two here.
    @Test func aRedirectToAnotherHostLeavesTheTokenBehind() async throws {
        let store = try SmallHub(Downloads.files)
        let elsewhere = store.endpoint.replacing("127.0.0.1", with: "localhost")
        let hub = try SmallHub(Downloads.files) { request, answer, _ in
            if request.target.hasPrefix("/moved") { return .init(200, body: Downloads.config.bytes) }
            if request.target.hasSuffix("/config.json") {
                return .init(307, headers: ["Location": "/moved\(request.target)"])
            }
            guard request.target.hasSuffix("/model.safetensors") else { return nil }
            return .init(302, headers: ["Location": "\(elsewhere)\(request.target)"])
        }
        var settings = downloads.settings(hub)
        settings.token = try HubToken("hf_secret\n")
        try await downloads.fetch(from: hub, "main", settings)
        #expect(downloads.digest(downloads.snapshot.appending("model.safetensors")) == Downloads.model.digest)
        #expect(hub.requests.count == 5)
        #expect(hub.requests.allSatisfy { $0.headers["authorization"] == "Bearer hf_secret" })
        #expect(store.requests.map { $0.headers["authorization"] } == [nil])
    }

    @Test(arguments: [
        "ftp://127.0.0.1/x", "file:///etc/passwd", "http:///nowhere", "/again", "http://127.0.0.1:65536/x",
        "http://[::1]:99999/x", "//127.0.0.1:99999/", "http://user@127.0.0.1/",
    ])
    func aRedirectToNowhereIsRefused(_ location: String) async throws {
        let hub = try SmallHub(Downloads.files) { _, _, _ in .init(302, headers: ["Location": location]) }
        guard case .badAnswer = await downloads.failure(from: hub) else {
            Issue.record("it was followed")
            return
        }
    }

    @Test(arguments: [
        "../escape", "/etc/passwd", "a/../../b", "a//b", "a/./b", #"..\\windows"#, #"a\u0000b"#, #"a\nb"#, "",
    ])
    func aListingThatLeadsOutOfTheFolderIsRefused(_ name: String) async throws {
        let body = "{\"sha\": \"\(SmallHub.commit)\", \"siblings\": [{\"rfilename\": \"\(name)\", \"size\": 1}]}"
        let hub = try listing(.init(200, body: Array(body.utf8)))
        guard case .badAnswer(_, "acme/tiny", let reason) = await downloads.failure(from: hub) else {
            Issue.record("it was taken")
            return
        }
        #expect(reason.contains("leads out of the folder"))
        #expect(hub.requests.count == 1 && downloads.bytes(downloads.cache) == nil)
    }

    @Test(arguments: [
        "", "<html>", "[]", "{}", #"{"sha": "main", "siblings": []}"#, #"{"sha": "../../x", "siblings": []}"#,
        #"{"sha": "0123456789abcdef0123456789abcdef01234567"}"#,
        #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "a", "size": -1}]}"#,
        #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "a"}, {"rfilename": "a"}]}"#,
        #"{"sha": "0123456789abcdef0123456789abcdef01234567", "siblings": [{"rfilename": "a", "size": 99999999999999999}]}"#,
    ])
    func anAnswerThatIsNoListingIsRefused(_ body: String) async throws {
        let hub = try listing(.init(200, body: Array(body.utf8)))
        guard case .badAnswer = await downloads.failure(from: hub) else {
            Issue.record("it was taken")
            return
        }
    }

    @Test func aListingWithoutEndIsNotReadToItsEnd() async throws {
        let hub = try listing(.init(200, body: [UInt8](repeating: 0x20, count: 33 << 20)))
        let error = await downloads.failure(from: hub)
        #expect(error?.description.contains("larger than 32 MiB") == true)
    }

    @Test(arguments: [
        (["config.json", "consolidated.00.pth"], "only other formats such as consolidated.00.pth"),
        (["config.json", "tiny.gguf"], "only other formats such as tiny.gguf"),
        (["config.json", "onnx/model.safetensors"], "holds neither model.safetensors nor pytorch_model.bin."),
        (["pytorch_model.bin"], "lacks 'config.json'"),
        (["model.safetensors"], "lacks 'config.json'"),
    ])
    func aRepositoryThatCannotBeConvertedIsRefusedBeforeAnythingIsFetched(
        _ names: [String],
        _ words: String
    ) async throws {
        let hub = try SmallHub(names.map { SmallHub.File($0, Array($0.utf8)) })
        let error = await downloads.failure(from: hub)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        #expect(error?.isBadInput == true)
        #expect(hub.fetched == [])
    }

    @Test(arguments: ["model-2.safetensors", "../model.safetensors", "onnx/model.safetensors"])
    func anIndexThatNamesAFileThatIsNotThereIsRefused(_ shard: String) async throws {
        let index = SmallHub.File("model.safetensors.index.json", Array("{\"weight_map\": {\"a\": \"\(shard)\"}}".utf8))
        let other = SmallHub.File("onnx/model.safetensors", [1])
        let hub = try SmallHub(Downloads.files + [index, other])
        let error = await downloads.failure(from: hub)
        #expect(error?.isBadInput == true)
        #expect(hub.fetched == ["model.safetensors.index.json"])
    }
}
