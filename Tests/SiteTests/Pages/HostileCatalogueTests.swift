import Briefs
import TestSupport
import Testing

@testable import Site

/// Licences, sources, tags, tokens and versions of programs are whatever somebody published.
@Suite struct HostileCatalogueTests {
    private static let evil =
        "</code></pre><script>alert(1)</script>\"' onload='x' <img src=//evil.example/x> &lt;\u{202E}\u{0}\u{1b}[31m\u{9b}\n]]>\u{2028}--><b>"

    private func sample() throws -> SiteSample {
        let sample = try SiteSample()
        try sample.publish("phi3", "1.1.0", [("q4_0", 1.2, 1), ("q8_0", 2.2, 0.9)], channel: "stable", text: Self.evil)
        return sample
    }

    @Test(arguments: SiteSample.requests)
    func whatSomebodyWroteIsTextOnEveryPage(_ request: SiteRequest) throws {
        for language in Language.allCases {
            let page = try sample().pages(language).page(request)
            #expect(!page.html.contains("<script") && !page.html.contains("<img") && !page.html.contains("<b>alert"))
            let hidden: Set<Unicode.Scalar> = ["\u{202E}", "\u{0}", "\u{1b}", "\u{9b}", "\u{2028}"]
            #expect(!page.html.unicodeScalars.contains(where: hidden.contains))
            let reader = try PageReader(page.html)
            #expect(!reader.elements.contains { $0.attributes.keys.contains("onload") })
            #expect(!reader.elements.contains { $0.attributes.values.contains { $0.hasPrefix("//") } })
        }
    }

    @Test func whatSomebodyTypedIsTextInTheForm() throws {
        let names = QueryFields.Name.allCases.map { (name: $0.rawValue, value: Self.evil) }
        let page = try sample().pages().page(.query(QueryFields(names)))
        #expect(page.outcome == .badRequest)
        #expect(!page.html.contains("<script") && !page.html.contains("<img"))
        let reader = try PageReader(page.html)
        #expect(!reader.elements.contains { $0.attributes.keys.contains("onload") })
    }
}
