import Briefs
import DeviceFit
import Foundation
import Testing

@testable import Site

@Suite struct SiteRequestTests {
    @Test(arguments: [
        ("/", SiteRequest.home()), ("/pages/2", .home(page: 2)), ("/models/phi3", .model("phi3")),
        ("/models/phi3/", .model("phi3")), ("/models/phi3/1.0.0", .report(model: "phi3", version: "1.0.0")),
        ("/builds/phi3/1.0.0/q4_0", .build(model: "phi3", version: "1.0.0", type: "q4_0")),
        ("/query", .query(QueryFields())),
    ])
    func pathsMeanPages(_ path: String, _ request: SiteRequest) {
        #expect(SiteRequest(path: path) == request)
    }

    @Test(arguments: [
        "/pages/0", "/pages/1", "/pages/02", "/pages/-1", "/pages/x", "/models", "/models/a/b/c", "/builds/a/b",
        "/best", "/best/ios/3gb",
        "/best/device/pixel-8", "/query/x", "/admin", "/" + String(repeating: "x", count: 3000),
    ])
    func otherPathsMeanNone(_ path: String) { #expect(SiteRequest(path: path) == nil) }

    @Test func everyPageIsFoundByTheAddressThatLinksHave() {
        let links = SiteLinks.server(origin: nil) { _ in nil }
        for request in SiteSample.requests where request.path.first != "best" {
            let address = links.address(of: request, .english, from: links.place(of: .home(), .english))
            let parts = address.split(separator: "?", maxSplits: 1)
            let parameters =
                parts.count > 1
                ? parts[1].split(separator: "&").map { pair -> (name: String, value: String) in
                    let both = pair.split(separator: "=").map { String($0).removingPercentEncoding ?? "" }
                    return (both[0], both[1])
                } : []
            #expect(SiteRequest(path: String(parts[0]), parameters: parameters) == request)
        }
    }

    @Test func emptyFieldsAreNotAskedAndLongOnesAreCut() {
        let fields = QueryFields([
            ("ram", " "), ("model", String(repeating: "x", count: 9999)), ("model", "second"), ("nonsense", "1"),
        ])
        #expect(fields[.ram] == nil)
        #expect(fields[.model]?.count == 256)
        #expect(fields.parameters.count == 1)
    }
}
