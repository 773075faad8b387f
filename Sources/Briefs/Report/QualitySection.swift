import DeviceFit
import Registry

/// Size against quality, from comparable measurements.
struct QualitySection {
    let report: ModelReport
    let language: Language
    /// Bits per byte if it was measured, otherwise mean divergence, otherwise the cosine of an embedding model; nil if
    /// there is none.
    private let metric: String?
    /// The conditions that most builds share.
    private let conditions: MeasurementConditions?

    init(report: ModelReport, language: Language) {
        (self.report, self.language) = (report, language)
        for metric in [Metric.bitsPerByte, Metric.meanKLD, Metric.meanCosine] {
            let found = report.builds.map { build in
                Set(build.measurements.filter { $0.metric == metric }.map(\.conditions))
            }
            let counts = found.reduce(into: [MeasurementConditions: Int]()) { counts, conditions in
                for condition in conditions { counts[condition, default: 0] += 1 }
            }
            // Among equally common conditions, those with more text win.
            let most = counts.max { ($0.value, $0.key.weight) < ($1.value, $1.key.weight) }
            guard let most else { continue }
            (self.metric, conditions) = (metric, most.key)
            return
        }
        (metric, conditions) = (nil, nil)
    }

    /// The build's latest measurement under the common conditions; smaller is better.
    func value(of build: ReportedBuild) -> ReportedMeasurement? {
        guard var found = build.measurements.last(where: { $0.metric == metric && $0.conditions == conditions }) else {
            return nil
        }
        if metric == Metric.meanCosine { found.value = 1 - found.value }
        return found
    }

    var shortName: String {
        switch metric {
        case Metric.bitsPerByte: language.say("Bits per byte", "Биты на байт")
        case Metric.meanKLD: language.say("KL divergence", "KL-расхождение")
        case Metric.meanCosine: language.say("1 − cosine", "1 − косинус")
        default: language.say("Quality", "Качество")
        }
    }

    private var measure: String {
        switch metric {
        case Metric.meanKLD:
            language.say("mean KL divergence, nats a token", "среднее KL-расхождение, нат на токен")
        case Metric.meanCosine:
            language.say("1 less the mean cosine", "1 минус средний косинус")
        default: language.say("bits per byte", "бит на байт")
        }
    }

    private var front: ParetoFront {
        ParetoFront(
            report.builds.compactMap { build in
                value(of: build).map {
                    ParetoFront.Point(
                        name: build.type,
                        bytes: build.fileBytes,
                        loss: $0.value,
                        standardError: $0.standardError
                    )
                }
            }
        )
    }

    var section: ReportPage.Section {
        let title = language.say("Size against quality", "Размер и качество")
        guard let conditions, metric != nil else {
            let words = language.say(
                "Nothing was measured of these builds: neither bits per byte nor divergence is in the registry. A validate step of a pipeline measures both.",
                "Ничего не измерено: в реестре нет ни бит на байт, ни расхождения. Шаг validate конвейера измеряет и то и другое."
            )
            return ReportPage.Section(id: "quality", title: title, blocks: [.prose(words)])
        }
        let front = front
        let chart = QualityChart(front: front, focus: report.focus, measure: measure, language: language)
        return ReportPage.Section(
            id: "quality",
            title: title,
            blocks: [
                .prose(explanation(conditions)),
                .figure(chart.svg, caption: caption(chart), data: table(front)),
            ] + omitted
        )
    }

    private func explanation(_ conditions: MeasurementConditions) -> String {
        let words = MeasurementWords(language: language).sentence(conditions)
        let what =
            switch metric {
            case Metric.bitsPerByte:
                language.say(
                    "Quality is bits per byte: how many bits the model needs for a byte of the text.",
                    "Качество — биты на байт: сколько бит нужно модели на байт текста."
                )
            case Metric.meanCosine:
                language.say(
                    "Quality is how far the vectors of the texts are from those of the model that the builds were made from: 1 less the mean cosine.",
                    "Качество — насколько векторы текстов далеки от векторов исходной модели: 1 минус средний косинус."
                )
            default:
                language.say(
                    "Quality is the mean KL divergence from the model that the builds were made from; bits per byte were not measured.",
                    "Качество — среднее KL-расхождение с исходной моделью; биты на байт не измерены."
                )
            }
        let front = language.say(
            "The Pareto front is the builds for which no other is both smaller and better.",
            "На фронте Парето стоят сборки, лучше которых и по размеру, и по качеству нет ни одной."
        )
        return "\(what) \(words) \(front)"
    }

    private func caption(_ chart: QualityChart) -> String {
        let axes = language.say("The axes do not begin at zero.", "Оси начинаются не с нуля.")
        guard let most = chart.front.points.compactMap(\.standardError).max() else {
            return axes + language.say(" Standard errors are not known.", " Стандартные ошибки неизвестны.")
        }
        let errors =
            chart.whiskers
            ? language.say(
                "Whiskers: one standard error to each side.",
                "Усы: одна стандартная ошибка в каждую сторону."
            )
            : language.say(
                "One standard error is up to \(significant(most, 2)), more than the builds differ by. Most of it "
                    + "comes from the text, which all builds share, so it is not drawn.",
                "Стандартная ошибка до \(significant(most, 2)) — больше различий между сборками: в основном это ошибка текста, "
                    + "общего для всех, поэтому она не нарисована."
            )
        return "\(axes) \(errors)"
    }

    private func table(_ front: ParetoFront) -> ReportPage.Table {
        let say = language.say
        return ReportPage.Table(
            caption: say("Size and quality of each build", "Размер и качество каждой сборки"),
            columns: [say("Build", "Сборка"), say("File", "Файл"), shortName, say("Pareto front", "Фронт Парето")],
            rows: front.points.map { point in
                [
                    point.name == report.focus ? .strong(point.name) : .text(point.name),
                    .number("\(ByteSize(bytes: point.bytes))"),
                    .number(plusMinus(point.loss, point.standardError)),
                    front.isBest(point) ? .verdict(say("yes", "да"), .good) : .text(say("no", "нет")),
                ]
            }
        )
    }

    /// The builds that the chart cannot show.
    private var omitted: [ReportPage.Block] {
        let missing = report.builds.filter { value(of: $0) == nil }.map(\.type)
        guard !missing.isEmpty else { return [] }
        let names = missing.joined(separator: ", ")
        return [
            .prose(
                language.say(
                    "Not shown, because not measured under these conditions: \(names).",
                    "Не показаны, так как не измерены при этих условиях: \(names)."
                )
            )
        ]
    }
}

extension MeasurementConditions {
    /// Number of scored tokens: more text gives more weight.
    fileprivate var weight: Int { (context ?? 0) * (chunks ?? 0) }
}
