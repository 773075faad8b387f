import DeviceFit

/// The estimates of the focused build on each device.
struct MemorySection {
    let report: ModelReport
    let language: Language

    var section: ReportPage.Section {
        let say = language.say
        let title = say("Memory and devices", "Память и устройства")
        guard !report.fits.isEmpty else {
            let words = say(
                "The registry has no shape of this build, so that nothing can be estimated. Publish it again.",
                "В реестре нет формы этой сборки, поэтому оценить нечего. Опубликуйте её заново."
            )
            return ReportPage.Section(id: "memory", title: title, blocks: [.prose(words)])
        }
        let groups = Dictionary(grouping: report.fits) { $0.estimate.platform }
        let drawings = Platform.allCases.compactMap { platform in
            groups[platform].flatMap { figure(of: $0, on: platform) }
        }
        return ReportPage.Section(
            id: "memory",
            title: title,
            blocks: [.prose(introduction)] + drawings + [
                .heading(say("On each device", "На каждом устройстве")), .table(devices), .prose(note),
            ]
        )
    }

    private var introduction: String {
        language.say(
            "What \(report.focus) is expected to take at its peak. Every number is an estimate with a range, from the build's shape.",
            "Сколько \(report.focus) займёт в пике. Все числа — оценки с диапазоном, по форме сборки."
        )
    }

    private func figure(of fits: [ReportedFit], on platform: Platform) -> ReportPage.Block? {
        guard let first = fits.first?.estimate else { return nil }
        let say = language.say
        let system = platform == .ios ? "iOS" : "Android"
        let limits = Dictionary(grouping: fits) { $0.estimate.limitBytes }.map { limit, fits in
            (names: fits.map(\.device.name).joined(separator: ", "), bytes: limit)
        }.sorted { $0.bytes < $1.bytes }
        let title = say(
            "\(system), context \(first.context), cache \(first.kvType)",
            "\(system), контекст \(first.context), кэш \(first.kvType)"
        )
        let chart = MemoryChart(
            estimate: first,
            limits: limits,
            id: platform.rawValue,
            title: title,
            language: language
        )
        return .figure(chart.svg, caption: "\(title). \(caption(chart))", data: parts(first, title))
    }

    private func caption(_ chart: MemoryChart) -> String {
        let lines =
            chart.near.isEmpty
            ? "" : language.say("Dashed: what an app may use. ", "Пунктир: сколько доступно приложению. ")
        guard !chart.far.isEmpty else { return lines }
        let far = chart.far.map { "\($0.names) \(ByteSize(bytes: $0.bytes))" }.joined(separator: "; ")
        return lines
            + language.say(
                "Limits beyond the drawing, to the right: \(far).",
                "Пределы правее рисунка: \(far)."
            )
    }

    private func parts(_ estimate: FitEstimate, _ title: String) -> ReportPage.Table {
        let (say, memory) = (language.say, estimate.memory)
        let parts = [
            (say("Weights", "Веса"), memory.weights), (say("KV cache", "KV-кэш"), memory.kvCache),
            (say("Compute buffer", "Буфер вычислений"), memory.computeBuffer),
            (say("Overhead", "Накладные"), memory.runtimeOverhead), (say("Peak", "Пик"), memory.total),
        ]
        return ReportPage.Table(
            caption: say("Memory on \(title)", "Память: \(title)"),
            columns: [
                say("Part", "Часть"), say("Low", "Нижняя"), say("Middle", "Средняя"), say("High", "Верхняя"),
                say("Source", "Источник"),
            ],
            rows: parts.map { name, range in
                [
                    .text(name), .number("\(ByteSize(bytes: range.low))"), .number("\(ByteSize(bytes: range.mid))"),
                    .number("\(ByteSize(bytes: range.high))"),
                    .text(range.source == "sum" ? say("sum", "сумма") : range.source),
                ]
            }
        )
    }

    private var devices: ReportPage.Table {
        let say = language.say
        return ReportPage.Table(
            caption: say("\(report.focus) on each device", "\(report.focus) на каждом устройстве"),
            columns: [
                say("Device", "Устройство"), say("An app may use", "Доступно приложению"), say("Peak", "Пик"),
                say("Verdict", "Вердикт"), say("Generating, token/s", "Генерация, токенов/с"),
                say("After 10 minutes", "Через 10 минут"), say("Prompt, token/s", "Чтение, токенов/с"),
                say("Battery for 1000 tokens", "Батарея на 1000 токенов"), say("Confidence", "Уверенность"),
                say("Best build here", "Лучшая сборка"),
            ],
            rows: report.fits.map { fit in
                let estimate = fit.estimate
                return [
                    .text(fit.device.name), .number("\(ByteSize(bytes: estimate.limitBytes))"),
                    .range(estimate.memory.total), verdict(estimate.verdict), speed(estimate.decode),
                    speed(estimate.sustainedDecode), .range(estimate.prefill),
                    estimate.batteryPercentPer1kTokens.map { .range($0, unit: " %") }
                        ?? .text(estimate.decode == nil ? "–" : say("not known", "неизвестно")),
                    .text(confidence(estimate.confidence) + (fit.isStored ? "" : " *")),
                    .text(fit.best ?? say("none fits", "ни одна")),
                ]
            }
        )
    }

    /// The generation speed; a model that does not generate text has none.
    private func speed(_ range: RangeEstimate?) -> ReportPage.Cell { range.map { .range($0) } ?? .text("–") }

    private var note: String {
        let say = language.say
        let remade =
            report.fits.allSatisfy(\.isStored)
            ? ""
            : say(
                "Rows with * are not stored with the build; they were estimated for this report from its shape in the registry. ",
                "Строки с * не хранятся вместе со сборкой; они рассчитаны для отчёта по её форме из реестра. "
            )
        return remade
            + say(
                "Speed, heat and battery are not measured. docs/device-fit.md has the formulas and the sources; a low confidence means half to double.",
                "Скорость, нагрев и батарея не измерены. Формулы и источники — в docs/device-fit.md; низкая уверенность означает от половины до двух раз."
            )
    }

    private func verdict(_ verdict: FitVerdict) -> ReportPage.Cell {
        switch verdict {
        case .fits: .verdict(language.say("fits", "помещается"), .good)
        case .tight: .verdict(language.say("tight", "впритык"), .fair)
        case .doesNotFit: .verdict(language.say("does not fit", "не помещается"), .bad)
        }
    }

    private func confidence(_ confidence: Confidence) -> String {
        switch confidence {
        case .high: language.say("high", "высокая")
        case .medium: language.say("medium", "средняя")
        case .low: language.say("low", "низкая")
        }
    }
}
