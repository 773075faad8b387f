import Testing
import Transfer

@Suite struct HTTPProxyTests {
    @Test(arguments: [
        ("https://huggingface.co", "HTTPS_PROXY=http://proxy:3128", "proxy:3128"),
        ("https://huggingface.co", "https_proxy=proxy:3128 HTTPS_PROXY=http://other:1", "proxy:3128"),
        ("https://huggingface.co", "HTTP_PROXY=http://proxy:3128", "none"),
        ("https://huggingface.co", "ALL_PROXY=http://proxy", "proxy:80"),
        ("https://huggingface.co", "HTTPS_PROXY=http://proxy:1 NO_PROXY=a,huggingface.co", "none"),
        ("https://hub.mirror.org", "HTTPS_PROXY=http://proxy:1 no_proxy=.mirror.org", "none"),
        ("https://hub.mirror.org", "HTTPS_PROXY=http://proxy:1 no_proxy=irror.org,", "proxy:1"),
        ("http://127.0.0.1:80", "HTTP_PROXY=http://proxy:1", "none"),
    ])
    func aProxyIsTakenFromTheUsualVariables(_ address: String, _ variables: String, _ expected: String) throws {
        var environment: [String: String] = [:]
        for variable in variables.split(separator: " ") {
            let parts = variable.split(separator: "=", maxSplits: 1)
            environment[String(parts[0])] = String(parts[1])
        }
        let proxy = try HTTPProxy(environment: environment, for: try #require(HTTPAddress(address)))
        #expect((proxy.map { "\($0.host):\($0.port)" } ?? "none") == expected)
    }

    @Test(arguments: ["http://proxy:65536", "proxy:0", "http://user:word@proxy:1", "socks5://proxy"])
    func aProxyThatCannotBeUsedIsAnError(_ text: String) throws {
        let address = try #require(HTTPAddress("https://huggingface.co"))
        #expect(throws: TransferError.badProxy) { try HTTPProxy(environment: ["HTTPS_PROXY": text], for: address) }
    }
}
