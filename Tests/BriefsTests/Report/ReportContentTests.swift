import Briefs
import DeviceFit
import TestSupport
import Testing

@Suite struct ReportContentTests {
    private func markdown(_ report: ModelReport) -> String { report.markdown(.english) }

    @Test func bitsPerByteIsDrawnWhereItWasMeasuredAndElseDivergence() throws {
        let both = [ReportSample.measured(1.1), ReportSample.measured(0.02, of: "meanKLD")]
        let divergence = [ReportSample.measured(0.02, of: "meanKLD")]
        let first = try ReportSample.report([ReportSample.build("q4_0", megabytes: 5, both)]).html(.english)
        #expect(first.contains("Size against bits per byte") && first.contains("Quality is bits per byte"))
        let second = try ReportSample.report([ReportSample.build("q4_0", megabytes: 5, divergence)]).html(.english)
        #expect(
            second.contains("Size against mean KL divergence") && second.contains("bits per byte were not measured")
        )
    }

    @Test func numbersOfAnotherTextAreNotDrawnBesideTheOthers() throws {
        let other = ReportSample.conditions(text: ReportSample.base)
        let report = try ReportSample.report([
            ReportSample.build("q8_0", megabytes: 8, [ReportSample.measured(1.1)]),
            ReportSample.build("q4_0", megabytes: 5, [ReportSample.measured(1.2)]),
            ReportSample.build("q2_k", megabytes: 3, [ReportSample.measured(0.5, under: other)]),
        ])
        let page = try PageReader(report.html(.english))
        #expect(page.all("circle", class: "point").filter { $0.attributes["cx"] != "12" }.count == 2)
        #expect(markdown(report).contains("Not shown, because not measured under these conditions: q2_k."))
        #expect(markdown(report).contains("Here 2 different texts were used"))
    }

    /// Smaller and better beats; equal in both is beaten by nobody.
    @Test func theFrontHoldsWhatNoOtherBetters() throws {
        let report = try ReportSample.report([
            ReportSample.build("best", megabytes: 5, [ReportSample.measured(1.0)]),
            ReportSample.build("twin", megabytes: 5, [ReportSample.measured(1.0)]),
            ReportSample.build("smaller", megabytes: 4, [ReportSample.measured(1.3)]),
            ReportSample.build("beaten", megabytes: 6, [ReportSample.measured(1.1)]),
            ReportSample.build("larger", megabytes: 9, [ReportSample.measured(0.9)]),
        ])
        let page = try PageReader(report.html(.english))
        let names = page.all("circle", class: "best").map(\.content).compactMap { $0.split(separator: ":").first }
        #expect(Set(names) == ["best", "twin", "smaller", "larger"])
    }

    @Test func standardErrorsAreDrawnOnlyWhereTheyDoNotHideTheDifferences() throws {
        func page(_ error: Double) throws -> String {
            try ReportSample.report([
                ReportSample.build("a", megabytes: 5, [ReportSample.measured(0.1, error, of: "meanKLD")]),
                ReportSample.build("b", megabytes: 6, [ReportSample.measured(0.2, error, of: "meanKLD")]),
            ]).html(.english)
        }
        #expect(try page(0.01).contains("Whiskers: one standard error"))
        #expect(try page(0.2).contains("more than the builds differ by"))
    }

    @Test func thePartsOfMemoryAddUpToThePeak() throws {
        let report = try ReportSample.report([ReportSample.build("q4_0", megabytes: 5)])
        let memory = report.fits[0].estimate.memory
        let text = markdown(report)
        for part in [memory.weights, memory.kvCache, memory.computeBuffer, memory.runtimeOverhead, memory.total] {
            #expect(text.contains("\(ByteSize(bytes: part.mid))"))
        }
        #expect(text.contains("| Google Pixel 8 |") || text.contains("| Pixel 8 |"))
    }

    /// A limit of ten times the peak would leave nothing to see of the bars.
    @Test func farLimitsAreNamedInsteadOfDrawn() throws {
        let page = try PageReader(ReportSample.report([ReportSample.build("q4_0", megabytes: 5)]).html(.english))
        for place in page.all("line", class: "limit").compactMap({ $0.attributes["x1"] }) {
            let x = try #require(Double(place))
            #expect((150...600).contains(x))
        }
    }

    @Test func whatWasNotMeasuredIsSaidSo() throws {
        let text = markdown(try ReportSample.report([ReportSample.build("q4_0", megabytes: 5)], moves: nil))
        #expect(text.contains("Nothing was measured of these builds"))
        #expect(text.contains("quantization error of single tensors was not measured"))
        #expect(text.contains("No build of this version is signed."))
        #expect(text.contains("This registry is from an older edgepipe"))
    }

    @Test func errorsOfTensorsStandInTheirCellsWithTheirConditions() throws {
        let conditions = TensorErrorConditions(
            text: ReportSample.text,
            context: 128,
            chunks: 3,
            kernels: "avx2",
            toolVersion: "0.1.0",
            isOfThisBuild: true
        )
        let report = try ReportSample.report(
            [ReportSample.build("q4_0", megabytes: 5)],
            tensors: [
                ReportSample.tensor("blk.0.attn_q.weight", error: 0.00012),
                ReportSample.tensor("blk.1.attn_q.weight", type: "Q6_K"),
                ReportSample.tensor("output.weight", error: 0.5),
            ],
            errors: .divergence(conditions)
        )
        let text = markdown(report)
        #expect(text.contains("| 0 | Q4_K (0.00012) |") && text.contains("| 1 | Q6_K |"))
        #expect(text.contains("| `output` | Q4_K | 4.50 | 1.0 kB | 0.50 |"))
        #expect(text.contains("3 chunks of 128 tokens") && text.contains("of each tensor of this build alone"))
    }

    @Test func withoutSensitivitiesTheErrorsAreTheQuantizers() throws {
        let report = try ReportSample.report(
            [ReportSample.build("q4_0", megabytes: 5)],
            tensors: [
                ReportSample.tensor("blk.0.attn_q.weight", error: 0.07),
                ReportSample.tensor("output.weight", error: 0.01),
            ],
            errors: .relative
        )
        let text = markdown(report)
        #expect(
            text.contains("Q4_K (0.070)") && text.contains("Error, relative") && !text.contains("nats a token of")
        )
        #expect(text.contains("as the quantizer noted it"))
    }

    /// GitHub makes links, headings and cells of what it finds.
    @Test func foreignTextStaysTextInMarkdown() throws {
        let evil = "a|b](https://x) <b> `c` *d*\n# e"
        let text = markdown(
            try ReportSample.report([
                ReportSample.build("q4_0", megabytes: 5, source: evil, license: evil, remarks: [evil])
            ])
        )
        #expect(!text.contains("\n# e"))
        let lines = text.split(separator: "\n")
        #expect(lines.filter { $0.contains("<b>") }.allSatisfy { $0.contains("``") }, "in code only")
        let rows = lines.filter { $0.hasPrefix("| ") && $0.contains("a\\|b") }
        #expect(rows.count == 3, "source, licence, remark")
        for row in rows where !row.contains("``") {
            #expect(!row.replacing("\\]", with: "").contains("](") && !row.contains("://"))
        }
    }

    @Test(arguments: Language.allCases)
    func everyRowHasAsManyCellsAsItsTable(_ language: Language) throws {
        let builds = [ReportSample.build("q4_0", megabytes: 5, [ReportSample.measured(1.2)])]
        var columns = 0
        for line in try ReportSample.report(builds).markdown(language).split(
            separator: "\n",
            omittingEmptySubsequences: false
        ) {
            guard line.hasPrefix("|") else {
                columns = 0
                continue
            }
            let bars = line.replacing("\\|", with: "").filter { $0 == "|" }.count
            if columns == 0 { columns = bars }
            #expect(bars == columns, "\(line)")
        }
    }
}
