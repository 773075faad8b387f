import Answers
import Briefs
import DeviceFit
import Foundation
import Registry

/// The judgement of a build: memory, quality, speed, heat and battery, from measurements and estimates.
struct BuildJudgementView {
    let context: PageContext
    let session: RegistrySession
    let build: BuildRecord
    let summary: BuildSummary
    /// One brief for each system.
    let briefs: [BriefedBuild]

    private var words: SiteWords { context.words }

    var sections: Markup {
        get throws {
            guard let first = briefs.first else { return .empty }
            let judgement = Judgement(build: first, language: context.language)
            return """
                <section aria-labelledby="why"><h2 id="why">\(words("Why this build", "Почему эта сборка"))</h2>
                <dl class="facts">
                <dt>\(words("Good for", "Сильные стороны"))</dt><dd>\(judgement.goodFor)</dd>
                <dt>\(words("Weak at", "Слабые места"))</dt><dd>\(judgement.failsAt)</dd>
                <dt>\(words("Quality", "Качество"))</dt><dd>\(quality)</dd>
                </dl>
                <h3>\(words("On phones that give an app about 3 GB", "На телефонах, где приложению доступно около 3 ГБ"))</h3>
                \(comparison.markup)
                \(memory(first.estimate))
                </section>
                \(try devices())
                """
        }
    }

    private var quality: String {
        var parts: [String] = []
        if let bits = summary.bitsPerByte {
            parts.append(
                words("\(words.figure(bits, 4)) bits per byte of text", "\(words.figure(bits, 4)) бита на байт текста")
            )
        }
        if let perplexity = summary.perplexity {
            parts.append(
                words("perplexity \(words.figure(perplexity, 4))", "перплексия \(words.figure(perplexity, 4))")
            )
        }
        if let kld = summary.kld {
            let change =
                kld < 0.01
                ? words("hardly changed by quantization", "квантование почти не изменило модель")
                : kld < 0.05
                    ? words("slightly changed by quantization", "квантование слегка изменило модель")
                    : words("noticeably changed by quantization", "квантование заметно изменило модель")
            parts.append(
                words(
                    "\(change): KL divergence \(words.figure(kld, 2)) nats a token",
                    "\(change): KL-расхождение \(words.figure(kld, 2)) ната на токен"
                )
            )
        }
        if let cosine = summary.meanCosine {
            parts.append(words("mean cosine \(words.number(cosine, 5))", "средний косинус \(words.number(cosine, 5))"))
        }
        if let overlap = summary.top10OverlapPercent {
            parts.append(
                words(
                    "\(words.number(overlap, 1)) % of neighbours kept",
                    "сохранено \(words.number(overlap, 1)) % соседей"
                )
            )
        }
        return parts.isEmpty ? words("not measured", "не измерено") : parts.joined(separator: "; ")
    }

    private var comparison: PageTable {
        let years = BriefRequest().year
        let rows: [(String, (BriefedBuild) -> Markup)] = [
            (words("Verdict", "Вердикт"), { verdict($0.estimate.verdict) }),
            (words("Peak memory", "Пик памяти"), { range($0.estimate.memory.total) }),
            (words("Speed, first minutes", "Скорость, первые минуты"), { range($0.estimate.decode, words.perSecond) }),
            (
                words("Speed after 10 minutes (heat)", "Скорость через 10 минут (нагрев)"),
                { range($0.estimate.sustainedDecode, words.perSecond) }
            ),
            (words("Reading a prompt", "Чтение запроса"), { range($0.estimate.prefill, words.perSecond) }),
            (
                words("Battery for 1000 tokens", "Батарея на 1000 токенов"),
                { range($0.estimate.batteryPercentPer1kTokens, "%") }
            ),
            (
                words("Phones of \(years - 4)–\(years - 3)", "Телефоны \(years - 4)–\(years - 3) годов"),
                { "\(Judgement(build: $0, language: context.language).olderPhones)" }
            ),
        ]
        return PageTable(
            caption: words("What to expect on each system", "Чего ждать на каждой системе"),
            columns: [(words("Figure", "Показатель"), false)]
                + briefs.map { ($0.estimate.platform == .ios ? "iPhone" : "Android", true) },
            rows: rows.map { name, cell in ["\(name)"] + briefs.map(cell) },
            unfolds: true
        )
    }

    private func memory(_ estimate: FitEstimate) -> Markup {
        let parts = [
            (words("weights", "веса"), estimate.memory.weights), (words("KV cache", "KV-кэш"), estimate.memory.kvCache),
            (words("compute buffer", "буфер вычислений"), estimate.memory.computeBuffer),
            (words("program", "программа"), estimate.memory.runtimeOverhead),
        ].map { "\($0.0) \(words.size($0.1.mid))" }
        let sum = parts.joined(separator: " + ") + " = " + words.size(estimate.memory.total.mid)
        let lead = words(
            "Memory at its peak with a context of \(estimate.context) tokens: ",
            "Пик памяти при контексте в \(estimate.context) токенов: "
        )
        return "<p>\(lead)\(sum).</p>"
    }

    /// The devices that the registry has estimates for; otherwise two well-known ones.
    private func devices() throws -> Markup {
        guard let profile = session.profile(build.facts.profile) else { return .empty }
        let catalogue = try session.catalogue()
        let stored = Set(try session.registry.fits(of: build.digest).map(\.device))
        let usual: Set = [
            "iphone-13", "iphone-15", "iphone-16-pro", "pixel-6", "pixel-8", "galaxy-s23", "galaxy-a54", "galaxy-s25",
        ]
        let chosen = catalogue.devices.filter { stored.contains($0.id) || usual.contains($0.id) }
        let estimator = FitEstimator(catalogue: catalogue)
        let rows = try chosen.map { device -> [Markup] in
            let estimate = try estimator.estimate(profile, on: device, FitRequest(for: profile))
            return [
                "\(device.name)", "\(words.size(estimate.limitBytes))", "\(words.size(estimate.memory.total.mid))",
                verdict(estimate.verdict), range(estimate.decode), range(estimate.sustainedDecode),
                range(estimate.batteryPercentPer1kTokens), "\(words.confidence(estimate.confidence))",
            ]
        }
        guard !rows.isEmpty else { return .empty }
        let title = words("On devices", "На устройствах")
        let table = PageTable(
            caption: words("Estimates for known devices", "Оценки для известных устройств"),
            columns: [
                (words("Device", "Устройство"), false), (words("An app may use", "Доступно приложению"), true),
                (words("Peak memory", "Пик памяти"), true), (words("Verdict", "Вердикт"), false),
                (words("Writing, token/s", "Генерация, токенов/с"), true),
                (words("After 10 minutes", "Через 10 минут"), true),
                (words("Battery, % for 1000 tokens", "Батарея, % на 1000 токенов"), true),
                (words("Confidence", "Уверенность"), false),
            ],
            rows: rows
        )
        return "<section aria-labelledby=\"devices\"><h2 id=\"devices\">\(title)</h2>\(table.markup)</section>"
    }

    private func verdict(_ verdict: FitVerdict) -> Markup {
        let tone: Markup = verdict == .fits ? "good" : verdict == .tight ? "fair" : "bad"
        return "<span class=\"tone \(tone)\">\(words.verdict(verdict))</span>"
    }

    private func range(_ range: ByteRange) -> Markup {
        .range(words.size(range.mid), "\(words.size(range.low)) – \(words.size(range.high))")
    }

    /// An estimate with its range; nil for a model that generates no text or a device with an unknown battery.
    private func range(_ range: RangeEstimate?, _ unit: String = "") -> Markup {
        guard let range else { return "–" }
        let digits = range.mid >= 100 ? 0 : range.mid >= 10 ? 1 : range.mid >= 0.1 ? 2 : 4
        let ends = "\(words.number(range.low, digits)) – \(words.number(range.high, digits))"
        return .range(words.number(range.mid, digits) + (unit.isEmpty ? "" : "\u{a0}\(unit)"), ends)
    }
}
