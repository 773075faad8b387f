import Answers
import BinaryIO
import Briefs
import DeviceFit
import Registry

/// An answer: the best build, the runners-up, and the rejected builds with the reasons.
struct AnswerView {
    let context: PageContext
    let session: RegistrySession
    let answer: QueryAnswer
    let query: BuildQuery

    private var words: SiteWords { context.words }

    var markup: Markup {
        get throws {
            guard let best = answer.best else { return nothing + refusals }
            return """
                \(try section(of: best))
                \(others)
                \(answer.hint(context.language).map { "<p class=\"note\">\($0)</p>" } ?? .empty)
                \(refusals)
                """
        }
    }

    private var nothing: Markup {
        let text =
            answer.refused.isEmpty
            ? words("There is no such build in the registry.", "Таких сборок в реестре нет.")
            : words(
                "No build meets these conditions; the reasons are below. Relax one of them, or publish a smaller build.",
                "Этим условиям не отвечает ни одна сборка; причины ниже. Смягчите одно из них или опубликуйте сборку поменьше."
            )
        return "<p class=\"note\" role=\"status\">\(text)</p>"
    }

    private func section(of best: BuildSummary) throws -> Markup {
        let record = try session.registry.resolve(try BuildReference(best.build))
        let download = context.links.download(record, from: context.from).map { address -> Markup in
            let label = words("Download \(words.size(best.fileBytes))", "Скачать, \(words.size(best.fileBytes))")
            return "<a class=\"button\" href=\"\(address)\" download=\"\(fileName(best))\">\(label)</a>"
        }
        let page = context.address(.init(record.name))
        let more = words("Why, and how to load it", "Подробнее и как загрузить")
        return """
            <section class="best" aria-labelledby="best"><h2 id="best"><small>\(words("The best build", "Лучшая сборка"))</small>\
            <a href="\(page)">\(best.build)</a></h2>
            <p>\(sentence(best))</p>
            \(PageCards(cards: cards(best)).markup)
            <p class="actions">\(download ?? .empty)<a class="button second" href="\(page)">\(more)</a></p>
            <p class="more">\(words("Licence", "Лицензия")): \(best.license). SHA-256 <code>\("\(best.sha256)")</code></p>
            \(note(best))</section>
            """
    }

    private func fileName(_ build: BuildSummary) -> String { "\(build.model)-\(build.version)-\(build.type).gguf" }

    private func note(_ build: BuildSummary) -> Markup {
        build.note.map { "<p class=\"more\">\(words("Note", "Замечание")): \($0)</p>" } ?? .empty
    }

    /// A sentence from the estimate that says why the build is the best.
    private func sentence(_ build: BuildSummary) -> String {
        guard let estimate = build.estimate else {
            return words(
                "It has the best measured quality. Name a system or a device to see how it runs.",
                "У неё лучшее измеренное качество. Укажите систему или устройство, чтобы увидеть, как она работает."
            )
        }
        let (peak, limit) = (words.size(estimate.memory.total.mid), words.size(estimate.limitBytes))
        if estimate.verdict == .tight {
            return words(
                "It fits tightly: about \(peak) of \(limit) at its peak. What surely fits comes first, then quality, then speed.",
                "Помещается впритык: на пике около \(peak) из \(limit). Сначала идёт то, что точно помещается, затем качество, затем скорость."
            )
        }
        return words(
            "It fits: about \(peak) of \(limit) at its peak. Among the builds that surely fit it ranks first, by quality and then by speed.",
            "Помещается: на пике около \(peak) из \(limit). Среди тех, что точно помещаются, она первая — по качеству, а затем по скорости."
        )
    }

    private func cards(_ build: BuildSummary) -> [(name: String, value: String, detail: String)] {
        var cards = [(words("File", "Файл"), words.size(build.fileBytes), build.type.uppercased())]
        if let estimate = build.estimate {
            let range = estimate.memory.total
            cards.append(
                (
                    words("Peak memory", "Пик памяти"), words.size(build.peakMemoryBytes ?? range.mid),
                    words("context \(estimate.context)", "контекст \(estimate.context)")
                )
            )
        }
        if let bits = build.bitsPerByte {
            cards.append((words("Bits per byte", "Бит на байт"), words.figure(bits, 4), words("measured", "измерено")))
        } else if let cosine = build.meanCosine {
            cards.append(
                (words("Mean cosine", "Средний косинус"), words.number(cosine, 5), words("measured", "измерено"))
            )
        }
        if let speed = build.decodeTokensPerSecond ?? build.prefillTokensPerSecond, let estimate = build.estimate {
            let range = estimate.speed
            cards.append(
                (
                    build.decodeTokensPerSecond == nil ? words("Reading", "Чтение") : words("Writing", "Генерация"),
                    words.estimate(speed),
                    "\(words.perSecond), \(words.estimate(range.low)) – \(words.estimate(range.high))"
                )
            )
        }
        if let factor = build.sustainedFactor {
            cards.append(
                (
                    words("Heat", "Нагрев"), "\(words.number(factor * 100, 0))\u{a0}%",
                    words("of the speed after 10 minutes", "скорости через 10 минут")
                )
            )
        }
        if let battery = build.batteryPercentPer1kTokens {
            cards.append(
                (
                    words("Battery", "Батарея"), "\(words.estimate(battery))\u{a0}%",
                    words("for 1000 tokens", "на 1000 токенов")
                )
            )
        }
        return cards.map { (name: $0.0, value: $0.1, detail: $0.2) }
    }

    private var others: Markup {
        let shown = answer.alternatives.prefix(SiteLimits.fitting)
        guard !shown.isEmpty else { return .empty }
        let isJudged = answer.best?.estimate != nil
        let embeds = answer.best?.bitsPerByte == nil && answer.best?.meanCosine != nil
        var columns: [(String, Bool)] = [
            (words("Build", "Сборка"), false), (words("File", "Файл"), true),
            (embeds ? words("Mean cosine", "Средний косинус") : words("Bits per byte", "Бит на байт"), true),
        ]
        if isJudged {
            columns += [
                (words("Peak memory", "Пик памяти"), true), (words.perSecond.capitalizedFirst, true),
                (words("Battery, % for 1000 tokens", "Батарея, % на 1000 токенов"), true),
            ]
        }
        columns.append((words("Notes", "Замечания"), false))
        let rows = shown.map { build -> [Markup] in
            let name = try? BuildName(build.build)
            let quality =
                embeds ? build.meanCosine.map { words.number($0, 5) } : build.bitsPerByte.map { words.figure($0, 4) }
            var cells: [Markup] = [
                name.map { context.link(.init($0), build.build) } ?? "\(build.build)", "\(words.size(build.fileBytes))",
                "\(quality ?? "–")",
            ]
            if isJudged {
                cells += [
                    "\(build.peakMemoryBytes.map(words.size) ?? "–")",
                    "\((build.decodeTokensPerSecond ?? build.prefillTokensPerSecond).map(words.estimate) ?? "–")",
                    "\(build.batteryPercentPer1kTokens.map(words.estimate) ?? "–")",
                ]
            }
            return cells + ["\(build.note ?? "")"]
        }
        let title = words("Runners-up", "Запасные варианты")
        let table = PageTable(
            caption: words("Other builds that fit, the better first", "Другие подходящие сборки, лучшие первыми"),
            columns: columns,
            rows: rows
        )
        return """
            <section aria-labelledby="others"><h2 id="others">\(title)</h2>
            \(table.markup)\(rest(answer.alternatives.count - shown.count))</section>
            """
    }

    private var refusals: Markup {
        guard !answer.refused.isEmpty else { return .empty }
        let shown = answer.refused.prefix(SiteLimits.refused)
        let items = shown.map { refusal -> Markup in
            let name = try? BuildName(refusal.build)
            let title = name.map { context.link(.init($0), refusal.build) } ?? "\(refusal.build)"
            let reasons = refusal.reasons.map { reason -> Markup in "<li>\(reason)</li>" }
            return "<li>\(title)<ul>\(reasons.joined(""))</ul></li>"
        }
        let rest = answer.refused.count - shown.count + answer.omitted
        return """
            <section aria-labelledby="refused"><h2 id="refused">\(words("Refused, and why", "Что не подошло и почему"))</h2>
            <ul class="refused">\(items.joined())</ul>\(self.rest(rest))</section>
            """
    }

    private func rest(_ count: Int) -> Markup {
        guard count > 0 else { return .empty }
        return
            "<p class=\"more\">\(words("\(words.builds(count)) more are not shown.", "Ещё \(words.builds(count)) здесь не показаны."))</p>"
    }
}
