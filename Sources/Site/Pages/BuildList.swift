import Answers
import BinaryIO
import Briefs
import DeviceFit
import Registry

/// The builds of a version side by side: size, quality, and the estimates for a typical phone of each system.
struct BuildList {
    private struct Line {
        let build: BuildRecord
        let summary: BuildSummary
        let estimates: [Platform: FitEstimate]
    }

    /// The memory that most phones give an app today.
    static let usualBudget = ByteSize(bytes: 3_000_000_000)

    private let context: PageContext
    private let lines: [Line]
    private let projectors: [BuildRecord]
    private let omitted: Int

    private var words: SiteWords { context.words }

    /// - Parameter builds: the builds of one version, without projectors.
    init(context: PageContext, session: RegistrySession, builds: [BuildRecord], projectors: [BuildRecord]) throws {
        let shown = builds.sorted { ($0.fileBytes, $0.name.type) < ($1.fileBytes, $1.name.type) }.prefix(
            SiteLimits.builds
        )
        let estimator = FitEstimator(catalogue: try session.catalogue())
        lines = try zip(shown, session.summaries(of: Array(shown))).map { build, summary in
            var estimates: [Platform: FitEstimate] = [:]
            if let profile = session.profile(build.facts.profile) {
                for platform in Platform.allCases {
                    // A build whose shape cannot be estimated still has a size and a quality.
                    estimates[platform] = try? estimator.estimate(
                        profile,
                        budget: Self.usualBudget,
                        platform: platform,
                        FitRequest(for: profile)
                    )
                }
            }
            return Line(build: build, summary: summary, estimates: estimates)
        }
        (self.context, self.projectors, omitted) = (context, projectors, builds.count - shown.count)
    }

    /// The metric shown as quality: the one that most of the builds have.
    private var metric: Metric {
        let all = lines.map(\.summary)
        if all.contains(where: { $0.bitsPerByte != nil }) { return .bits }
        if all.contains(where: { $0.meanCosine != nil }) { return .cosine }
        return .divergence
    }

    private enum Metric { case bits, cosine, divergence }

    private func loss(_ summary: BuildSummary) -> Double? {
        switch metric {
        case .bits: summary.bitsPerByte
        case .cosine: summary.meanCosine.map { 1 - $0 }
        case .divergence: summary.kld
        }
    }

    private var metricName: String {
        switch metric {
        case .bits: words("bits per byte", "бит на байт")
        case .cosine: words("1 − cosine", "1 − косинус")
        case .divergence: words("KL divergence", "KL-расхождение")
        }
    }

    func section(of version: VersionRecord) -> Markup {
        guard !lines.isEmpty else { return .empty }
        let title = words("Builds of \(version.version)", "Сборки версии \(version.version)")
        let peaks = lines.compactMap { $0.estimates[.android]?.context }
        let tokens = peaks.first ?? 4096
        let note = words(
            "Quality: lower is better. Memory at its peak with a context of \(tokens) tokens; speed while writing, on Android phones and "
                + "iPhones that give an app about 3 GB.",
            "Качество: чем меньше, тем лучше. Память — пик при контексте в \(tokens) токенов; скорость — при генерации на телефонах Android и "
                + "iPhone, где приложению доступно около 3 ГБ."
        )
        let report = context.link(
            .report(model: version.model, version: "\(version.version)"),
            words("The whole report on \(version.version)", "Полный отчёт о \(version.version)")
        )
        return """
            <section aria-labelledby="builds"><h2 id="builds">\(title)</h2>
            \(table(title).markup)
            <p>\(note)</p>
            \(more)
            <p class="more">\(report)</p></section>
            """
    }

    private var more: Markup {
        var parts: [Markup] = []
        if omitted > 0 {
            let text = words(
                "\(words.builds(omitted)) more, the largest ones, are in the report.",
                "Ещё \(words.builds(omitted)), самые большие, — в отчёте."
            )
            parts.append("<p>\(text)</p>")
        }
        if !projectors.isEmpty {
            let links = projectors.prefix(12).map { build in
                context.link(.init(build.name), build.name.type) + " (\(words.size(build.fileBytes)))"
            }
            parts.append("<p>\(words("To take images with:", "Для изображений:")) \(links.joined(", "))</p>")
        }
        return parts.joined()
    }

    private func table(_ title: String) -> PageTable {
        PageTable(
            caption: words("\(title), by size", "\(title), по размеру"),
            columns: [
                (words("Build", "Сборка"), false), (words("File", "Файл"), true),
                (words("Bits a weight", "Бит на вес"), true),
                (metricName.capitalizedFirst, true), (words("Peak memory", "Пик памяти"), true),
                ("Android, \(words.perSecond)", true), ("iPhone, \(words.perSecond)", true),
            ],
            rows: lines.map { line in
                let (build, summary) = (line.build, line.summary)
                return [
                    context.link(.init(build.name), build.name.type), "\(words.size(build.fileBytes))",
                    "\(words.number(build.facts.bitsPerWeight, 2))",
                    "\(loss(summary).map { words.figure($0, 4) } ?? "–")",
                    "\(line.estimates[.android].map { words.size($0.memory.total.mid) } ?? "–")",
                    speed(line.estimates[.android]), speed(line.estimates[.ios]),
                ]
            }
        )
    }

    private func speed(_ estimate: FitEstimate?) -> Markup {
        guard let estimate else { return "–" }
        if estimate.verdict == .doesNotFit { return "\(words.verdict(.doesNotFit))" }
        return "\(words.estimate(estimate.speed.mid))"
    }

    /// A chart of size against quality, if two builds were measured on the same text.
    var chartSection: Markup {
        let measured = lines.filter { loss($0.summary) != nil }
        let texts = Dictionary(grouping: measured) { $0.summary.textSha256 }
        let common = texts.max { ($0.value.count, "\($0.key as Any)") < ($1.value.count, "\($1.key as Any)") }
        guard let common, common.value.count > 1 else { return .empty }
        let points = common.value.compactMap { line in
            loss(line.summary).map {
                ParetoFront.Point(name: line.build.name.type, bytes: line.build.fileBytes, loss: $0, standardError: nil)
            }
        }
        let chart = QualityChart(
            front: ParetoFront(points),
            focus: "",
            measure: metricName,
            language: context.language
        )
        let caption = words(
            "Every point is a build, measured on the same text. The line is the builds for which no other is both smaller and better. The "
                + "axes do not begin at zero.",
            "Каждая точка — сборка, измеренная на том же тексте. На линии — те, лучше которых и по размеру, и по качеству нет ни одной. Оси "
                + "начинаются не с нуля."
        )
        return """
            <section aria-labelledby="quality"><h2 id="quality">\(words("Size and quality", "Размер и качество"))</h2>
            <figure><div class="scroll">\(chart.svg)</div><figcaption>\(caption)</figcaption></figure></section>
            """
    }
}

extension SiteRequest {
    /// The request for the page of a build.
    init(_ name: BuildName) { self = .build(model: name.model, version: "\(name.version)", type: name.type) }
}

extension String {
    /// The text with a capital first letter, for a heading.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
