import Testing
import Transfer

@Suite struct HTTPAddressTests {
    @Test(arguments: [
        ("https://huggingface.co", "huggingface.co:443"), ("http://127.0.0.1:65535/x", "127.0.0.1:65535"),
        ("http://[::1]:8080/x?y", "::1:8080"), ("http://[::1]/", "::1:80"), ("HTTP://Host", "Host:80"),
        ("http://host:/x", "host:80"), ("https://host:1?a:99999", "host:1"),
    ])
    func addressesOfServersAreTaken(_ text: String, _ expected: String) throws {
        let address = try #require(HTTPAddress(text))
        #expect("\(address.host):\(address.port)" == expected)
    }

    @Test(arguments: [
        "http://127.0.0.1:65536/x", "http://127.0.0.1:99999", "http://[::1]:65536/", "http://host:0/",
        "http://host:-1/",
        "http://host:99999999999999999999/", "http://host:1x/", "file:///etc/passwd", "ftp://host/", "http+unix://x/",
        "http://", "http:///x", "//host", "host", "", "http://user@host/", "http://user:word@host/", "http://a b/",
        "http://a%00b/", "http://a%0ab/", "http://\(String(repeating: "a", count: 254))/",
    ])
    func whatTheClientCannotTakeIsRefused(_ text: String) {
        #expect(HTTPAddress(text) == nil)
    }

    @Test(arguments: [
        ("/x", "http://host:81/x"), ("//other:82/x", "http://other:82/x"), ("y", "http://host:81/a/y"),
        ("https://other/x", "https://other/x"),
    ])
    func relativeAddressesAreResolved(_ text: String, _ expected: String) throws {
        let base = try #require(HTTPAddress("http://host:81/a/b"))
        #expect(HTTPAddress(text, relativeTo: base)?.text == expected)
    }

    @Test(arguments: ["//host:99999/", "//127.0.0.1:65536/x", "//[::1]:70000/", "//"])
    func relativeAddressesAreCheckedToo(_ text: String) throws {
        let base = try #require(HTTPAddress("http://host:81/a/b"))
        #expect(HTTPAddress(text, relativeTo: base) == nil)
    }

    @Test func anOriginIsSchemeHostAndPort() throws {
        let origin = try #require(HTTPAddress("https://host/a"))
        for (text, isSame) in [
            ("https://HOST:443/b", true), ("http://host:443/", false), ("https://host:444/", false),
            ("https://host.evil/", false),
        ] {
            #expect(try #require(HTTPAddress(text)).hasOrigin(of: origin) == isSame, "\(text)")
        }
    }
}
