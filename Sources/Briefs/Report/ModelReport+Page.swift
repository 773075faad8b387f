import DeviceFit

extension ModelReport {
    /// A self-contained HTML file without scripts or external resources.
    public func html(_ language: Language) -> String { HTMLPage(page(language), language: language).text }

    /// The report in HTML as a page of a site.
    /// - Parameter trail: the site's name and the pages above this one, from the top, with their addresses.
    package func html(_ language: Language, trail: [(title: String, address: String)]) -> String {
        HTMLPage(page(language), language: language, trail: trail).text
    }

    /// The report in Markdown, with tables in place of charts.
    public func markdown(_ language: Language) -> String { MarkdownPage(page(language)).text }

    func page(_ language: Language) -> ReportPage {
        let say = language.say
        let quality = QualitySection(report: self, language: language)
        return ReportPage(
            title: "\(model) \(version)",
            subtitle: say(
                "Everything that the registry records about this version",
                "Что известно об этой версии по данным её реестра"
            ),
            chips: chips(language),
            cards: cards(quality, language),
            sections: [
                RankingSection(report: self, language: language).section,
                quality.section,
                MemorySection(report: self, language: language).section,
                TensorSection(report: self, language: language).section,
                LineageSection(report: self, language: language).section,
                ProvenanceSection(report: self, language: language).section,
                MeasurementSection(report: self, language: language).section,
            ]
        )
    }

    private func chips(_ language: Language) -> [String] {
        let licenses = Set(builds.map(\.license)).sorted()
        return [language.say("\(builds.count) builds", "Сборок: \(builds.count)")]
            + licenses.map { language.say("licence \($0)", "лицензия \($0)") }
            + channels.map { language.say("channel \($0)", "канал \($0)") }
    }

    private func cards(
        _ quality: QualitySection,
        _ language: Language
    ) -> [(name: String, value: String, detail: String)] {
        let say = language.say
        let build = focused
        let name =
            switch choice {
            case .named: say("Build shown", "Показанная сборка")
            case .best: say("Recommended build", "Рекомендуемая сборка")
            case .smallest: say("Smallest build", "Наименьшая сборка")
            }
        var cards = [
            (
                name, build.type.uppercased(),
                say("\(number(build.bitsPerWeight, 2)) bits a weight", "\(number(build.bitsPerWeight, 2)) бит на вес")
            ),
            (say("File", "Файл"), "\(ByteSize(bytes: build.fileBytes))", "GGUF"),
        ]
        if let hardest = fits.max(by: { $0.estimate.memory.total.mid < $1.estimate.memory.total.mid }) {
            let total = hardest.estimate.memory.total
            cards.append(
                (
                    say("Peak memory", "Пик памяти"), "\(ByteSize(bytes: total.mid))",
                    say("context \(hardest.estimate.context)", "контекст \(hardest.estimate.context)")
                )
            )
        }
        if let measured = quality.value(of: build) {
            cards.append((quality.shortName, significant(measured.value, 4), say("measured", "измерено")))
        }
        if let slowest = fits.min(by: { $0.estimate.speed.mid < $1.estimate.speed.mid }) {
            cards.append(
                (
                    say("Slowest device", "Самое медленное"), number(slowest.estimate.speed.mid, 0),
                    say("token/s on \(slowest.device.name)", "токенов/с, \(slowest.device.name)")
                )
            )
        }
        return cards
    }
}

/// The version's builds, in the order of the query.
struct RankingSection {
    let report: ModelReport
    let language: Language

    var section: ReportPage.Section {
        let say = language.say
        let quality = QualitySection(report: report, language: language)
        let ranked = report.builds.sorted { ($0.rank ?? .max, $0.fileBytes) < ($1.rank ?? .max, $1.fileBytes) }
        let rows = ranked.map { build -> [ReportPage.Cell] in
            let remarks = build.remarks.joined(separator: "; ")
            return [
                build.type == report.focus ? .strong(build.type) : .text(build.type),
                .number("\(ByteSize(bytes: build.fileBytes))"), .number(number(build.bitsPerWeight, 2)),
                .number(quality.value(of: build).map { significant($0.value, 5) } ?? "–"),
                build.rank.map { .verdict("\($0)", .good) } ?? .verdict(say("refused", "отклонена"), .bad),
                .text(remarks),
            ]
        }
        return ReportPage.Section(
            id: "builds",
            title: say("Builds", "Сборки"),
            blocks: [
                .prose(introduction),
                .table(
                    ReportPage.Table(
                        caption: say("Builds of this version, the best first", "Сборки этой версии, лучшие первыми"),
                        columns: [
                            say("Build", "Сборка"), say("File", "Файл"), say("Bits a weight", "Бит на вес"),
                            quality.shortName, say("Place", "Место"), say("Remarks", "Замечания"),
                        ],
                        rows: rows
                    )
                ),
            ]
        )
    }

    private var introduction: String {
        let devices = report.fits.map(\.device.name).joined(separator: ", ")
        let order = language.say(
            "Ranked for \(devices): what surely fits comes first, then quality, then speed.",
            "Порядок для \(devices): сначала то, что точно помещается, затем качество, затем скорость."
        )
        let shown =
            switch report.choice {
            case .named:
                language.say(
                    "The sections on memory and tensors show \(report.focus), which was asked for.",
                    "Разделы о памяти и тензорах показывают \(report.focus), как было указано."
                )
            case .best:
                language.say(
                    "The sections on memory and tensors show the first of them, \(report.focus).",
                    "Разделы о памяти и тензорах показывают первую из них, \(report.focus)."
                )
            case .smallest:
                language.say(
                    "No build fits all of these devices; the sections on memory and tensors show the smallest, \(report.focus).",
                    "Ни одна сборка не подходит для всех; разделы о памяти и тензорах показывают наименьшую, \(report.focus)."
                )
            }
        return "\(order) \(shown)"
    }
}
