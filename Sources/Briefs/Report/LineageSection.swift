/// The lineage of the builds, from the source's bytes to theirs.
struct LineageSection {
    let report: ModelReport
    let language: Language

    var section: ReportPage.Section {
        let say = language.say
        let title = say("Lineage", "Происхождение")
        guard !report.lineage.isEmpty else {
            let words = say(
                "The registry knows no steps: the builds were imported, or made elsewhere.",
                "Реестр не знает шагов: сборки импортированы или сделаны в другом месте."
            )
            return ReportPage.Section(id: "lineage", title: title, blocks: [.prose(words)])
        }
        let chart = LineageChart(nodes: nodes, steps: report.lineage, title: title)
        return ReportPage.Section(
            id: "lineage",
            title: title,
            blocks: [
                .figure(
                    chart.svg,
                    caption: say(
                        "Each box is a file, by the first digits of its SHA-256; each arrow is a step.",
                        "Каждый блок — файл, по первым цифрам его SHA-256; каждая стрелка — шаг."
                    ),
                    data: table
                )
            ]
        )
    }

    private var table: ReportPage.Table {
        let say = language.say
        let names = Dictionary(nodes.map { ($0.digest, $0.name) }) { first, _ in first }
        return ReportPage.Table(
            caption: say("Steps", "Шаги"),
            columns: [
                say("Step", "Шаг"), say("From", "Из"), say("To", "В"), say("Digest of its options", "Хэш параметров"),
            ],
            rows: report.lineage.map { step in
                [
                    .text(step.kind), .text(names[step.from] ?? step.from.shortDigest),
                    .text(names[step.to] ?? step.to.shortDigest), .code(step.options.shortDigest),
                ]
            }
        )
    }

    /// Every input and output of a step: the builds by type, the source, and intermediate files.
    private var nodes: [LineageChart.Node] {
        let builds = Dictionary(report.builds.map { ($0.digest, $0.type) }) { first, _ in first }
        let sources = Set(report.builds.compactMap(\.sourceDigest))
        let made = Dictionary(report.lineage.map { ($0.to, $0.kind) }) { first, _ in first }
        var seen: Set<String> = []
        var digests: [String] = []
        for step in report.lineage {
            for digest in [step.from, step.to] where seen.insert(digest).inserted { digests.append(digest) }
        }
        // Builds come last, by size, so that their boxes have the order of the page.
        let order = Dictionary(report.builds.enumerated().map { ($1.digest, $0 + 1) }) { first, _ in first }
        return digests.enumerated().sorted {
            (order[$0.element] ?? 0, $0.offset) < (order[$1.element] ?? 0, $1.offset)
        }.map { _, digest in
            if let type = builds[digest] { return .init(digest: digest, kind: .build, name: type) }
            if sources.contains(digest) || made[digest] == nil && sources.isEmpty {
                return .init(digest: digest, kind: .source, name: language.say("source", "исходная модель"))
            }
            // No step produced it and it is not the model, so it is an input from the user.
            guard made[digest] != nil else {
                let readers = Set(report.lineage.filter { $0.from == digest }.map(\.kind))
                return .init(digest: digest, kind: .source, name: given(to: readers))
            }
            return .init(digest: digest, kind: .between, name: between(made[digest] ?? ""))
        }
    }

    private func given(to kinds: Set<String>) -> String {
        kinds.isSubset(of: ["imatrix", "sensitivity"])
            ? language.say("calibration text", "калибровочный текст") : language.say("given file", "заданный файл")
    }

    private func between(_ kind: String) -> String {
        switch kind {
        case "convert": language.say("converted model", "конвертированная")
        case "imatrix": language.say("importance matrix", "матрица важности")
        default: kind
        }
    }
}
