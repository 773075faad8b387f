import Briefs
import DeviceFit
import TestSupport
import Testing

@Suite struct HTMLReportTests {
    private let builds = [
        ReportSample.build("q8_0", megabytes: 80, [ReportSample.measured(1.10)]),
        ReportSample.build("q4_k_m", megabytes: 48, [ReportSample.measured(1.12)], rank: 2),
        ReportSample.build("q4_0", megabytes: 50, [ReportSample.measured(1.15)], rank: 3, remarks: ["slower"]),
    ]

    @Test(arguments: Language.allCases)
    func everyPartIsThereAndThePageIsWellFormed(_ language: Language) throws {
        let page = try PageReader(ReportSample.report(builds).html(language))
        let ids = page.all("section").compactMap { $0.attributes["id"] }
        #expect(ids == ["builds", "quality", "memory", "tensors", "lineage", "provenance", "measurements"])
        #expect(page.all("html").first?.attributes["lang"] == language.rawValue)
        #expect(page.all("svg").count == 4, "quality, two systems, lineage")
    }

    /// Whoever opens the page is told nothing of by their browser, to nobody.
    @Test func nothingRunsAndNothingIsFetched() throws {
        let text = try ReportSample.report(builds).html(.english)
        let page = try PageReader(text)
        for name in ["script", "link", "img", "iframe", "object", "embed", "form", "image", "use", "foreignObject"] {
            #expect(page.all(name).isEmpty, "\(name)")
        }
        for element in page.elements {
            for (key, value) in element.attributes {
                #expect(!key.lowercased().hasPrefix("on") && key != "src", "\(element.name) \(key)")
                #expect(key != "href" || value.hasPrefix("#"), "\(value)")
            }
        }
        #expect(!text.contains("url(") && !text.contains("@import"))
        #expect(page.all("meta").contains { $0.attributes["content"]?.contains("default-src 'none'") == true })
    }

    /// Names, sources, licences and reasons are whatever somebody published.
    @Test func foreignTextNeverBecomesMarkup() throws {
        let evil = "<script>alert(1)</script>\"' onload='x' &lt; \u{202E}\u{0}"
        var build = ReportSample.build(
            "q4_0",
            megabytes: 5,
            [
                ReportSample.measured(1, of: evil, under: ReportSample.conditions(text: evil)),
                ReportSample.measured(1, under: ReportSample.conditions(text: evil)),
            ],
            source: evil,
            license: evil,
            remarks: [evil]
        )
        (build.toolVersion, build.signatures) = (evil, [ReportedSignature(key: evil, at: evil)])
        let move = ReportedMove(channel: evil, from: evil, to: evil, at: evil, who: evil, why: evil)
        var report = try ReportSample.report(
            [build],
            model: evil,
            tensors: [
                ReportSample.tensor(evil, type: evil),
                ReportSample.tensor("blk.0.\(evil).weight", type: evil, error: 1),
            ],
            moves: [move]
        )
        report.channels = [evil]
        report.lineage.append(ReportedStep(from: evil, kind: evil, to: build.digest, options: evil))
        let text = report.html(.english)
        #expect(!text.contains("<script") && text.contains("&lt;script&gt;alert(1)"))
        let page = try PageReader(text)
        #expect(!page.elements.contains { $0.attributes.keys.contains("onload") })
        #expect(!text.unicodeScalars.contains { $0 == "\u{202E}" || $0 == "\u{0}" })
    }

    @Test func aDrawingHasATitleThatItNamesAsItsLabel() throws {
        let page = try PageReader(ReportSample.report(builds).html(.english))
        let titles = Set(page.all("title").compactMap { $0.attributes["id"] })
        let descriptions = Set(page.all("desc").compactMap { $0.attributes["id"] })
        for drawing in page.all("svg") {
            let labels = (drawing.attributes["aria-labelledby"] ?? "").split(separator: " ").map(String.init)
            #expect(drawing.attributes["role"] == "img")
            #expect(labels.count == 2 && titles.contains(labels[0]) && descriptions.contains(labels[1]), "\(labels)")
        }
    }

    @Test func everyTableNamesItsRowsAndColumns() throws {
        let page = try PageReader(ReportSample.report(builds).html(.english))
        #expect(page.all("table").count == page.all("caption").count)
        #expect(page.all("th").allSatisfy { ["row", "col"].contains($0.attributes["scope"]) })
    }

    @Test func theSameReportIsTheSameBytes() throws {
        let texts = try (0..<3).map { _ in try ReportSample.report(builds).html(.english) }
        #expect(Set(texts).count == 1)
    }

    @Test func theTextsOfOnePageDoNotDependOnTheOrderOfPublication() throws {
        let first = try ReportSample.report(builds)
        var second = first
        second = ModelReport(
            model: first.model,
            version: first.version,
            channels: first.channels,
            builds: Array(builds.reversed()),
            focus: first.focus,
            choice: first.choice,
            fits: first.fits,
            tensors: first.tensors,
            errors: .unknown,
            lineage: first.lineage,
            moves: []
        )
        #expect(first.html(.english) == second.html(.english))
    }
}
