import Briefs
import DeviceFit
import Testing

@testable import Site

@Suite struct SiteLinksTests {
    private let files = SiteLinks.files(languages: [.english, .russian], origin: nil, hasBlobs: true)

    @Test func filesLinkToEachOtherFromWhereverTheyAre() {
        let build = SiteRequest.build(model: "phi3", version: "1.0.0", type: "q4_0")
        let place = files.place(of: build, .russian)
        #expect(files.file(of: build, .russian) == "ru/builds/phi3/1.0.0/q4_0/index.html")
        #expect(files.address(of: .home(), .russian, from: place) == "../../../../../ru/index.html")
        #expect(files.address(of: build, .english, from: place) == "../../../../../builds/phi3/1.0.0/q4_0/index.html")
        #expect(files.address(of: .home(), .english, from: files.place(of: .home(), .english)) == "index.html")
    }

    @Test func aNameThatIsAPagesNameTakesNoPagesPlace() {
        let names = ["index.html", "pages", "best", "ru", "models"]
        let requests = names.flatMap { name -> [SiteRequest] in
            [
                .model(name), .report(model: name, version: "1.0.0"),
                .build(model: name, version: "1.0.0", type: "index.html"),
            ]
        }
        let all =
            requests + [.home(), .home(page: 2), .finder, .best(.ios, MemoryStep.all[0]), .bestOnDevice("pixel-8")]
        let paths = all.flatMap { page in [Language.english, .russian].map { files.file(of: page, $0) } }
        #expect(Set(paths).count == paths.count)
        // No file is a folder of another one.
        for path in paths { #expect(!paths.contains { $0.hasPrefix(path + "/") }, "\(path)") }
    }

    @Test func aServersLinksNameALanguageWhereTheyMust() {
        let plain = SiteLinks.server(origin: nil) { _ in nil }
        let here = plain.place(of: .home(), .english)
        #expect(plain.address(of: .model("phi3"), .english, from: here) == "/models/phi3")
        #expect(plain.address(of: .model("phi3"), .russian, from: here) == "/models/phi3?lang=ru")
        let back = plain.place(of: .home(), .russian)
        #expect(plain.address(of: .home(), .english, from: back) == "/?lang=en")
        let explicit = SiteLinks.server(origin: nil, namesLanguage: true) { _ in nil }
        #expect(explicit.address(of: .home(), .english, from: here) == "/?lang=en")
    }

    @Test func whatSomebodyTypedIsEncoded() {
        let fields = QueryFields([("model", "a&b=c #\"<é"), ("ram", "3 GB")])
        let links = SiteLinks.server(origin: nil) { _ in nil }
        let address = links.address(of: .query(fields), .english, from: links.place(of: .home(), .english))
        #expect(address == "/query?ram=3%20GB&model=a%26b%3Dc%20%23%22%3C%C3%A9")
    }
}
