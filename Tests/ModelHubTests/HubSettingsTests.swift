import Foundation
import ModelHub
import SystemPackage
import TestSupport
import Testing
import Transfer

@Suite struct HubSettingsTests {
    private static let endpoints: [([String: String], String, Bool)] = [
        ([:], "https://huggingface.co", false),
        (["HF_ENDPOINT": "http://mirror.local:8080/hub/"], "http://mirror.local:8080/hub", false),
        (["HF_ENDPOINT": "", "HF_HUB_OFFLINE": "1"], "https://huggingface.co", true),
        (["HF_HUB_OFFLINE": "true"], "https://huggingface.co", true),
        (["HF_HUB_OFFLINE": "0"], "https://huggingface.co", false),
    ]

    @Test(arguments: endpoints)
    func theEnvironmentNamesTheHub(_ environment: [String: String], _ endpoint: String, _ isOffline: Bool) throws {
        let settings = try HubSettings(environment: environment.merging(["HOME": "/nowhere"]) { $1 })
        #expect(settings.endpoint == endpoint && settings.isOffline == isOffline)
    }

    @Test(arguments: ["huggingface.co", "ftp://huggingface.co", "https://", "https://a?b=c"])
    func anAddressThatIsNoneIsRefused(_ text: String) {
        #expect(throws: ModelHubError.badEndpoint(text)) { try HubSettings(environment: ["HF_ENDPOINT": text]) }
    }

    /// The order of huggingface_hub.
    @Test func theTokenComesFromTheEnvironmentOrItsFile() throws {
        let scratch = try ScratchFolder()
        try scratch.write("hf_file\n", to: "home/token")
        try scratch.write("hf_path", to: "elsewhere")
        let home = scratch.appending("home").string
        let path = scratch.appending("elsewhere").string
        func header(_ environment: [String: String]) throws -> String? {
            try HubToken(environment: environment)?.header
        }
        #expect(try header(["HF_TOKEN": " hf_env ", "HF_HOME": home]) == "Bearer hf_env")
        #expect(try header(["HF_TOKEN": "", "HF_HOME": home]) == "Bearer hf_file")
        #expect(try header(["HF_TOKEN_PATH": path, "HF_HOME": home]) == "Bearer hf_path")
        #expect(try header(["HF_HOME": scratch.appending("none").string]) == nil)
    }

    @Test func aTokenIsNeverPrintedAndNeverBreaksAHeader() throws {
        let token = try #require(try HubToken("hf_secret"))
        #expect("\(token) \(String(reflecting: token))".contains("secret") == false)
        for text in ["a b", "a\r\nX: y", "ä"] {
            #expect(throws: ModelHubError.badTokenText) { try HubToken(text) }
        }
    }

    @Test(arguments: [
        "http://127.0.0.1:65536", "http://[::1]:99999", "http://host:x", "file:///x", "https://user@host",
    ])
    func anEndpointThatCannotBeUsedIsAnError(_ text: String) {
        #expect(throws: ModelHubError.badEndpoint(text)) { try HubSettings(environment: ["HF_ENDPOINT": text]) }
    }
}
