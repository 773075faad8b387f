import Foundation
import SystemPackage
import TestSupport
import Testing

/// Commands that write pages and packages out of a registry.
@Suite(.sharedRun) struct ReportCommandTests {
    private let run: FinishedRun
    private var program: Program { run.program }

    init() throws { run = try #require(SharedRun.current) }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: run.folder.appending(name).string, encoding: .utf8)
    }

    @Test func aReportIsWrittenWholeAndNamedInOneLine() throws {
        let answer = try program("report", "tiny@candidate", "-o", "page.html", "--device", "pixel-8")
        #expect(answer.status == 0 && answer.errors == "")
        #expect(answer.lines.count == 1 && answer.output.hasPrefix("page.html: tiny@1.0.0, 2 builds"))
        let page = try text("page.html")
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n") && page.contains("Pixel 8"))
    }

    @Test func aReportTakesThePlaceOfAnOlderOneButNeverOfTheRegistry() throws {
        for language in ["en", "ru"] {
            #expect(try program("report", "tiny", "-o", "twice.md", "--lang", language).status == 0)
        }
        #expect(try text("twice.md").contains("## Сборки"))
        let refused = try program("report", "tiny", "-o", "registry.db")
        #expect(refused.status == 64 && refused.errors.contains("this output is an input too"))
    }

    @Test func whatIsUnknownLeavesNoFile() throws {
        #expect(try program("report", "nothing", "-o", "none.html").status == 1)
        #expect(try program("report", "tiny", "-o", "none.html", "--device", "pixel-88").status == 64)
        #expect(!FileManager.default.fileExists(atPath: run.folder.appending("none.html").string))
    }

    @Test func exportsNameTheFilesThatTheyWrite() throws {
        let play = try program("export", "play", "tiny", "-o", "play", "--json")
        #expect(play.status == 0)
        let files = try #require(try play.json()["files"] as? [String])
        #expect(files.contains { $0.hasSuffix("device_targeting_config.xml") })
        let mlc = try program("export", "mlc", "tiny", "--device", "iphone-15", "-o", "mlc")
        #expect(mlc.status == 0 && mlc.lines.count == 2)
    }

    @Test func aSiteIsWrittenOnceAndThenKept() throws {
        let first = try program(
            "export",
            "site",
            "site",
            "--json",
            "--language",
            "ru",
            "--base-url",
            "https://models.example"
        )
        #expect(first.status == 0 && first.errors == "")
        let report = try first.json()
        #expect(report["written"] as? Int == report["files"] as? Int)
        #expect(try text("site/index.html").contains("lang=\"ru\""))
        #expect(try text("site/best/android/3gb.json").contains("https://models.example/blobs/sha256/"))
        let second = try program("export", "site", "site", "--language", "ru", "--base-url", "https://models.example")
        #expect(second.status == 0 && second.output.contains("(0 written"))
        #expect(try program("export", "site", "site", "--base-url", "models.example").status == 64)
        #expect(try program("export", "site", "other", "--model", "nothing").status == 4)
    }

    @Test func aContextThatNoBuildHasIsNothingThatMatches() throws {
        let answer = try program(
            "export",
            "mlc",
            "tiny",
            "--device",
            "iphone-15",
            "--context",
            "1000000",
            "-o",
            "nowhere"
        )
        #expect(answer.status == 4 && answer.errors.contains("no build of tiny@1.0.0 fits"))
        #expect(!FileManager.default.fileExists(atPath: run.folder.appending("nowhere").string))
    }
}
