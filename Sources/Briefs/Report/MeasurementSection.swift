import Registry

/// All measurements with their conditions, grouped by which may be compared.
struct MeasurementSection {
    let report: ModelReport
    let language: Language

    var section: ReportPage.Section {
        let say = language.say
        let title = say("Measurements", "Измерения")
        let groups = groups
        guard !groups.isEmpty else {
            let words = say("Nothing was measured of these builds.", "Об этих сборках ничего не измерено.")
            return ReportPage.Section(id: "measurements", title: title, blocks: [.prose(words)])
        }
        let blocks = groups.enumerated().flatMap { index, group -> [ReportPage.Block] in
            let words = MeasurementWords(language: language)
            let name = say("Conditions \(index + 1)", "Условия \(index + 1)")
            return [
                .heading("\(name): \(group.method)"), .table(words.table(group, name)),
                .table(values(under: group, name)),
            ]
        }
        return ReportPage.Section(id: "measurements", title: title, blocks: blocks + comparable(groups))
    }

    /// The conditions, in the order in which they first appear.
    private var groups: [MeasurementConditions] {
        var groups: [MeasurementConditions] = []
        for measurement in report.builds.flatMap(\.measurements) where !groups.contains(measurement.conditions) {
            groups.append(measurement.conditions)
        }
        return groups
    }

    private func values(under conditions: MeasurementConditions, _ name: String) -> ReportPage.Table {
        var metrics: [(name: String, unit: String)] = []
        for measurement in report.builds.flatMap(\.measurements) where measurement.conditions == conditions {
            if !metrics.contains(where: { $0.name == measurement.metric }) {
                metrics.append((measurement.metric, measurement.unit))
            }
        }
        let rows = report.builds.compactMap { build -> [ReportPage.Cell]? in
            let own = build.measurements.filter { $0.conditions == conditions }
            guard !own.isEmpty else { return nil }
            return [build.type == report.focus ? .strong(build.type) : .text(build.type)]
                + metrics.map { metric in
                    let last = own.last { $0.metric == metric.name }
                    return .number(last.map { plusMinus($0.value, $0.standardError) } ?? "–")
                }
        }
        return ReportPage.Table(
            caption: language.say("Values, \(name)", "Значения, \(name)"),
            columns: [language.say("Build", "Сборка")]
                + metrics.map { metric in
                    let words = MetricName.words(metric.name, language)
                    return metric.unit == "1" ? words : "\(words), \(MetricName.unit(metric.unit, language))"
                },
            rows: rows
        )
    }

    private func comparable(_ groups: [MeasurementConditions]) -> [ReportPage.Block] {
        let say = language.say
        var rules = [
            say(
                "Numbers under the same conditions: with each other.",
                "Числа при одинаковых условиях: между собой."
            ),
            say(
                "Bits per byte: with any model on the same text, for they do not depend on the vocabulary.",
                "Биты на байт: с любой моделью на том же тексте, ведь они не зависят от словаря."
            ),
            say(
                "Perplexity: only with models of the same vocabulary, on the same text, with the same context and as many chunks.",
                "Перплексия: только с моделями с тем же словарём, на том же тексте, с тем же контекстом и числом фрагментов."
            ),
            say(
                "Divergence: only with builds that were compared with the same model, on the same text.",
                "Расхождение: только со сборками, сравнёнными с той же моделью на том же тексте."
            ),
            say(
                "A difference of two builds is smaller in error than either number: the text's part of the error is common to both.",
                "Разность двух сборок точнее каждого из чисел: ошибка текста у них общая."
            ),
        ]
        if report.builds.contains(where: { $0.measurements.contains { $0.metric == Metric.meanCosine } }) {
            rules.append(
                say(
                    "Cosine and neighbours: only with builds that were compared with the same model, on the same texts.",
                    "Косинус и соседи: только со сборками, сравнёнными с той же моделью на тех же текстах."
                )
            )
        }
        let texts = Set(groups.compactMap(\.text))
        if texts.count > 1 {
            rules.append(
                say(
                    "Here \(texts.count) different texts were used: numbers of one say nothing about another.",
                    "Здесь использовано разных текстов: \(texts.count); числа одного ничего не говорят о другом."
                )
            )
        }
        return [
            .heading(say("What may be compared", "Что можно сравнивать")), .list(rules.map { [.text($0)] }),
        ]
    }
}

/// Describes measurement conditions in words.
struct MeasurementWords {
    let language: Language

    /// One sentence, for a chart.
    func sentence(_ conditions: MeasurementConditions) -> String {
        var parts: [String] = []
        if let text = conditions.text {
            parts.append(language.say("text \(text.shortDigest)", "текст \(text.shortDigest)"))
        }
        if let chunks = conditions.chunks, let context = conditions.context, conditions.others["pooling"] != nil {
            parts.append(
                language.say("\(chunks) texts of up to \(context) tokens", "текстов: \(chunks), до \(context) токенов")
            )
        } else if let chunks = conditions.chunks, let context = conditions.context {
            parts.append(
                language.say("\(chunks) chunks of \(context) tokens", "фрагментов: \(chunks), по \(context) токенов")
            )
        }
        if let against = conditions.against {
            parts.append(language.say("against \(against.shortDigest)", "против \(against.shortDigest)"))
        }
        parts.append(conditions.kernels)
        return language.say("Measured by ", "Измерено методом ") + "\(conditions.method): "
            + parts.joined(separator: ", ") + "."
    }

    func table(_ conditions: MeasurementConditions, _ name: String) -> ReportPage.Table {
        let say = language.say
        var rows: [[ReportPage.Cell]] = []
        func add(_ name: String, _ value: String?, isCode: Bool = false) {
            guard let value else { return }
            rows.append([.text(name), isCode ? .code(value) : .text(value)])
        }
        add(say("SHA-256 of the text", "SHA-256 текста"), conditions.text, isCode: true)
        add(say("Compared with", "Сравнение с"), conditions.against, isCode: true)
        add(say("Context, tokens", "Контекст, токенов"), conditions.context.map { "\($0)" })
        add(say("Chunks", "Фрагментов"), conditions.chunks.map { "\($0)" })
        add(say("Kernels", "Ядра"), conditions.kernels)
        add(say("Version", "Версия"), "edgepipe \(conditions.toolVersion)")
        for (name, value) in conditions.others.sorted(by: { $0.key < $1.key }) { add(name, value) }
        return ReportPage.Table(
            caption: name,
            columns: [say("Condition", "Условие"), say("Value", "Значение")],
            rows: rows
        )
    }
}
