import Briefs
import DeviceFit
import StepsTestSupport
import TestSupport
import Testing

@testable import Site

@Suite struct SitePagesTests {
    @Test(arguments: SiteSample.requests)
    func everyPageIsWellFormedInEveryLanguage(_ request: SiteRequest) throws {
        let sample = try SiteSample.usual()
        for language in Language.allCases {
            let page = try sample.pages(language).page(request)
            let reader = try PageReader(page.html)
            #expect(page.outcome == .found)
            #expect(reader.all("html").first?.attributes["lang"] == language.rawValue)
            #expect(reader.all("h1").count == 1)
            #expect(reader.all("main").first?.attributes["id"] == "content")
        }
    }

    /// Whoever opens a page is not told of to anybody, and nothing that a model brings can run.
    @Test(arguments: SiteSample.requests)
    func nothingRunsAndNothingIsFetchedFromElsewhere(_ request: SiteRequest) throws {
        let page = try SiteSample.usual().pages().page(request)
        let reader = try PageReader(page.html)
        for name in ["script", "img", "iframe", "object", "embed", "foreignObject", "use"] {
            #expect(reader.all(name).isEmpty)
        }
        for element in reader.elements {
            for (key, value) in element.attributes {
                #expect(!key.lowercased().hasPrefix("on") && key != "src" && key != "style", "\(element.name) \(key)")
                #expect(key != "href" || value.hasPrefix("/") || value.hasPrefix("#") || value == "data:,", "\(value)")
            }
        }
        #expect(page.contentSecurityPolicy.hasPrefix("default-src 'none'; style-src 'sha256-"))
        #expect(!page.contentSecurityPolicy.contains("script-src") && !page.contentSecurityPolicy.contains("unsafe"))
    }

    @Test(arguments: SiteSample.requests)
    func headingsGoDownOneLevelAtATimeAndEveryTableIsNamed(_ request: SiteRequest) throws {
        let reader = try PageReader(try SiteSample.usual().pages().page(request).html)
        var level = 0
        for element in reader.elements where element.name.count == 2 && element.name.hasPrefix("h") {
            guard let own = element.name.dropFirst().first?.wholeNumberValue else { continue }
            #expect(own <= level + 1, "\(element.content)")
            level = own
        }
        #expect(reader.all("table").count == reader.all("caption").count)
        #expect(reader.all("th").allSatisfy { ["row", "col"].contains($0.attributes["scope"]) })
        let labels = Set(reader.all("label").compactMap { $0.attributes["for"] })
        for field in reader.all("input") + reader.all("select")
        where !["hidden", "radio"].contains(field.attributes["type"]) {
            #expect(field.attributes["id"].map(labels.contains) == true, "\(field.attributes)")
        }
        let ids = reader.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
    }

    @Test func theHomePageHasWhatWasPublishedLastFirst() throws {
        let sample = try SiteSample.usual()
        let reader = try PageReader(try sample.pages().page(.home()).html)
        let names = reader.all("h3").map(\.content)
        #expect(names == ["qwen", "phi3"])
        #expect(reader.all("form").first?.attributes["action"] == "/query")
    }

    @Test func anEmptyRegistrySaysHowToFillIt() throws {
        let page = try SiteSample().pages().page(.home())
        #expect(page.outcome == .found && page.html.contains("edgepipe run"))
    }

    @Test func aLargeRegistryHasSeveralPages() throws {
        let sample = try SiteSample()
        for number in 0..<(SiteLimits.models + 1) { try sample.publish("model-\(number)", "1.0.0", [("q4_0", 1, 1)]) }
        let pages = sample.pages()
        let (first, second) = (
            try PageReader(try pages.page(.home()).html), try PageReader(try pages.page(.home(page: 2)).html)
        )
        #expect(first.all("h3").count == SiteLimits.models && second.all("h3").count == 1)
        #expect(try pages.page(.home(page: 3)).outcome == .notFound)
    }

    @Test func aModelsPageShowsChannelsVersionsAndTheBuildsOfTheNewestVersion() throws {
        let html = try SiteSample.usual().pages().page(.model("phi3")).html
        let reader = try PageReader(html)
        #expect(
            reader.all("section").compactMap { $0.attributes["aria-labelledby"] } == [
                "channels", "builds", "quality", "versions",
            ]
        )
        #expect(html.contains("href=\"/models/phi3/1.0.0\"") && html.contains("href=\"/builds/phi3/1.1.0/q8_0\""))
        #expect(reader.all("svg").count == 1)
    }

    @Test func aBuildsPageSaysHowToGetItAndLoadIt() throws {
        let sample = try SiteSample.usual()
        let html = try sample.pages().page(.build(model: "phi3", version: "1.1.0", type: "q4_0")).html
        #expect(
            html.contains("edgepipe pull phi3@1.1.0:q4_0 -o phi3-1.1.0-q4_0.gguf --registry https://models.example")
        )
        #expect(html.contains("curl --fail") && html.contains("sha256sum --check"))
        for word in ["Swift, iOS", "Kotlin, Android", "Flutter", "React Native", "llama_model_load_from_file"] {
            #expect(html.contains(word), "\(word)")
        }
    }

    @Test(arguments: [
        SiteRequest.model("nothing"), .report(model: "phi3", version: "9.9.9"),
        .build(model: "phi3", version: "1.1.0", type: "f16"),
        .build(model: "../..", version: "x", type: "y"), .bestOnDevice("../etc/passwd"), .home(page: 99),
    ])
    func whatIsNotThereHasAPageThatSaysSo(_ request: SiteRequest) throws {
        let page = try SiteSample.usual().pages().page(request)
        #expect(page.outcome == .notFound)
        #expect(try PageReader(page.html).all("h1").count == 1)
    }

    @Test func aScopeShowsNothingElse() throws {
        let sample = try SiteSample.usual()
        let pages = SitePages(
            session: sample.session,
            links: .server(origin: nil) { _ in nil },
            language: .english,
            scope: SiteScope(channel: "stable")
        )
        let html = try pages.page(.home()).html
        #expect(html.contains("phi3") && !html.contains("qwen"))
        #expect(try pages.page(.model("qwen")).outcome == .notFound)
        #expect(try pages.page(.report(model: "phi3", version: "1.0.0")).outcome == .notFound)
    }

    @Test func theSameRegistryGivesTheSameBytes() throws {
        let pages = try SiteSample.usual()
        for request in SiteSample.requests {
            let texts = try (0..<2).map { _ in try pages.pages(.russian).page(request).html }
            #expect(texts[0] == texts[1])
        }
    }

    /// The report of a model that was really converted, on a page that leads back.
    @Test func aVersionsReportIsAPageOfTheSite() throws {
        let run = try TinyRun()
        try run.run()
        let sample = try TestRegistrySession(run.registry)
        for language in Language.allCases {
            let pages = SitePages(session: sample.session, links: .server(origin: nil) { _ in nil }, language: language)
            let page = try pages.page(.report(model: "tiny", version: "1.0.0"))
            let reader = try PageReader(page.html)
            #expect(reader.all("a").contains { $0.content == "tiny" })
            #expect(reader.all("section").count == 7)
            #expect(!page.contentSecurityPolicy.contains("script"))
        }
    }
}
