import Server
import Testing

@Suite struct RequestPathTests {
    @Test func componentsAreDecodedOneByOne() throws {
        #expect(
            try RequestPath("/api/v1/builds/phi3%401.0.0:q4_k_m").components == [
                "api", "v1", "builds", "phi3@1.0.0:q4_k_m",
            ]
        )
        #expect(try RequestPath("/v2/").components == ["v2"])
        #expect(try RequestPath("/").components == [])
    }

    @Test(arguments: [
        "", "a", "/..", "/a/../b", "/a/./b", "//", "//a", "/a//b", "/%2e%2e/a", "/a/%2E%2e", "/a%2fb", "/a%5cb",
        "/a%00b",
        "/a%0ab", "/a%", "/a%4", "/a%zz", "/%ff", "/a%e2%80%aeb", "/\(String(repeating: "a", count: 513))",
    ])
    func whatCouldLeadElsewhereIsRefused(path: String) {
        #expect(throws: ServerError.self) { try RequestPath(path) }
    }

    @Test func parametersThatAreNotKnownAreNamedWithANearOne() throws {
        let known = QueryParameters.filters
        func words(_ query: String) -> String {
            do { _ = try ParameterValues(query, among: known); return "" } catch {
                return (error as? ServerError)?.message ?? "\(error)"
            }
        }
        #expect(words("rem=3GB").contains("Did you mean 'ram'?"))
        #expect(words("ram=1GB&ram=2GB").contains("given 2 times"))
        #expect(words("context=many").contains("'context' takes 1 to"))
        #expect(words("images=yes").contains("takes true or false"))
        #expect(words("kind=poem").contains("takes language, embedding, reranker"))
        #expect(words("model=a%0ab").contains("control characters"))
        #expect(words("device=pixel-8&device=iphone-15&min-speed=2.5&ram=3+GB").isEmpty)
    }
}
