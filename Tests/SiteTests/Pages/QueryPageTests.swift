import Briefs
import TestSupport
import Testing

@testable import Site

@Suite struct QueryPageTests {
    private func page(_ fields: [(name: String, value: String)], _ language: Language = .english) throws -> SitePage {
        try SiteSample.usual().pages(language).page(.query(QueryFields(fields)))
    }

    @Test func theBestComesFirstThenTheOthersThenTheRefusedWithReasons() throws {
        let html = try page([("ram", "3GB"), ("platform", "android")]).html
        let reader = try PageReader(html)
        let sections = reader.all("section").compactMap { $0.attributes["aria-labelledby"] }
        #expect(sections == ["best", "others", "refused"])
        #expect(reader.all("section", class: "best").first?.content.contains("phi3@1.1.0:q8_0") == true)
        #expect(html.contains("is over 3.0 GB, the budget"))
        #expect(html.contains("/api/v1/query?ram=3GB&amp;platform=android"))
    }

    @Test func reasonsAreInThePagesLanguage() throws {
        let html = try page([("ram", "3GB"), ("platform", "ios")], .russian).html
        #expect(html.contains("больше 3,0 ГБ — столько памяти задано"))
        #expect(!html.contains("is over") && !html.contains("the budget"))
    }

    @Test func aSystemAloneMeansTheUsualMemory() throws {
        let page = try page([("platform", "android")])
        #expect(page.outcome == .found)
        #expect(try PageReader(page.html).all("input").contains { $0.attributes["value"] == "3GB" })
    }

    @Test func aDeviceHasASystemOfItsOwn() throws {
        let page = try page([("device", "iPhone 15"), ("platform", "android")])
        #expect(page.outcome == .found && page.html.contains("id=\"best\""))
    }

    @Test(arguments: [
        ("ram", "much", "is not a size"), ("device", "nokia-3310", "There is no device"),
        ("platform", "windows", "neither android nor ios"),
        ("context", "-5", "is not a number"), ("min-speed", "fast", "is not a number"),
        ("min-speed", "5", "A speed needs a phone"),
        ("model", "phi4", "There is no model"), ("channel", "nightly", "There is no channel"),
        ("kind", "vision", "is not a kind"),
        ("ram", "3GB", "Choose Android or iOS"), ("max-size", "1e999", "is not a size"),
        ("context", "1e400", "is not a number"),
    ])
    func whatCannotBeAskedIsSaidBesideTheField(_ name: String, _ value: String, _ words: String) throws {
        let page = try page([(name, value)])
        #expect(page.outcome == .badRequest)
        #expect(page.html.contains(words))
        // The form keeps what was typed.
        let reader = try PageReader(page.html)
        let isKept = reader.elements.contains {
            ["input", "option"].contains($0.name) && $0.attributes["value"] == value
        }
        #expect(isKept || name == "device" || name == "platform" || name == "kind")
        #expect(try self.page([(name, value)], .russian).html.contains("role=\"alert\""))
    }

    @Test func nothingThatFitsIsAnAnswerToo() throws {
        let page = try page([("ram", "100MB"), ("platform", "android")])
        #expect(page.outcome == .found && page.html.contains("No build meets these conditions"))
    }
}
