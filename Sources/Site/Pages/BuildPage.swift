import Answers
import Architectures
import BinaryIO
import Briefs
import DeviceFit
import Foundation
import Registry

/// The page of a build: how to download it, how it is judged, how it performs on phones, and the code that loads it.
struct BuildPage {
    let context: PageContext
    let session: RegistrySession
    let build: BuildRecord
    /// The channels that point to the build's version.
    let channels: [String]

    private var words: SiteWords { context.words }

    func page() throws -> SitePage {
        let (briefs, problem) = try briefs()
        let summary = try session.summaries(of: [build])[0]
        let name = "\(build.name)"
        let version = "\(build.name.version)"
        let content: Markup = """
            <nav class="trail" aria-label="\(words("Where you are", "Вы здесь"))">\
            \(context.link(.home(), words("Models", "Модели"))) / \
            \(context.link(.model(build.name.model), build.name.model)) / \
            \(context.link(.report(model: build.name.model, version: version), version)) / \(build.name.type)</nav>
            <h1>\(name)</h1>
            \(Markup.chips(chips))
            \(problem.map { "<p class=\"problem\" role=\"note\">\(words("No engine can load it: ", "Ни один движок его не загрузит: "))\(words.foreign($0))</p>" } ?? .empty)
            \(cards(summary, briefs).markup)
            \(download)
            \(try BuildJudgementView(context: context, session: session, build: build, summary: summary, briefs: briefs).sections)
            \(snippets(briefs))
            \(facts(summary))
            """
        return PageFrame(
            context: context,
            title: name,
            summary: "\(name), \(words.size(build.fileBytes)), \(build.facts.license)",
            content: content,
            translations: context.request
        ).page
    }

    /// The briefs for each system; empty for a projector, or for a build whose shape the registry does not know.
    private func briefs() throws -> (briefs: [BriefedBuild], problem: String?) {
        guard !build.name.isProjector, session.profile(build.facts.profile) != nil else { return ([], nil) }
        var briefs: [BriefedBuild] = []
        for platform in Platform.allCases {
            var request = BriefRequest()
            request.builds = ["\(build.name)"]
            request.query.platform = platform
            do {
                briefs += try session.briefed(request).builds
            } catch AnswersError.badFile(let reason) {
                return ([], reason)
            } catch let error as DeviceFitError {
                return ([], "\(error)")
            }
        }
        return (briefs, nil)
    }

    private var chips: [String] {
        let profile = session.profile(build.facts.profile)
        return [
            profile.map { words.kind($0.kind) },
            words("licence \(build.facts.license)", "лицензия \(build.facts.license)"),
        ]
        .compactMap { $0 } + channels.map { words("channel \($0)", "канал \($0)") }
            + (profile?.tags ?? []).prefix(12)
    }

    private func cards(_ summary: BuildSummary, _ briefs: [BriefedBuild]) -> PageCards {
        var cards = [
            (
                words("File", "Файл"), words.size(build.fileBytes),
                words(
                    "\(words.number(build.facts.bitsPerWeight, 2)) bits a weight",
                    "\(words.number(build.facts.bitsPerWeight, 2)) бит на вес"
                )
            )
        ]
        if let bits = summary.bitsPerByte {
            let kld = summary.kld.map {
                words("divergence \(words.figure($0, 2))", "расхождение \(words.figure($0, 2))")
            }
            cards.append(
                (words("Bits per byte", "Бит на байт"), words.figure(bits, 4), kld ?? words("measured", "измерено"))
            )
        } else if let cosine = summary.meanCosine {
            cards.append(
                (words("Mean cosine", "Средний косинус"), words.number(cosine, 5), words("measured", "измерено"))
            )
        } else if let kld = summary.kld {
            cards.append(
                (words("KL divergence", "KL-расхождение"), words.figure(kld, 2), words("measured", "измерено"))
            )
        }
        if let estimate = briefs.first?.estimate {
            cards.append(
                (
                    words("Peak memory", "Пик памяти"), words.size(estimate.memory.total.mid),
                    words("context \(estimate.context)", "контекст \(estimate.context)")
                )
            )
        }
        for brief in briefs {
            let system = brief.estimate.platform == .ios ? "iPhone" : "Android"
            cards.append(
                (
                    words("Speed, \(system)", "Скорость, \(system)"), words.estimate(brief.estimate.speed.mid),
                    words("token/s, about 3 GB for the app", "токенов/с, приложению около 3 ГБ")
                )
            )
        }
        return PageCards(cards: cards)
    }

    /// The file's name after a download.
    private var fileName: String { "\(build.name.model)-\(build.name.version)-\(build.name.type).gguf" }

    private var download: Markup {
        let address = context.links.download(build, from: context.from)
        let button = address.map { address -> Markup in
            let label = words("Download \(words.size(build.fileBytes))", "Скачать, \(words.size(build.fileBytes))")
            return
                "<p class=\"actions\"><a class=\"button\" href=\"\(address)\" download=\"\(fileName)\">\(label)</a></p>"
        }
        return """
            <section aria-labelledby="get"><h2 id="get">\(words("Get it", "Как получить"))</h2>
            \(button ?? .empty)
            \(commands)
            <p>SHA-256 <code>\("\(build.digest)")</code></p></section>
            """
    }

    private var commands: Markup {
        let registry = context.links.isServer ? context.links.origin.map { " --registry \($0.shellWord)" } ?? "" : ""
        let pull = "edgepipe pull \("\(build.name)".shellWord) -o \(fileName.shellWord)\(registry)"
        var parts: [Markup] = [
            "<p>\(words("Out of the registry, verified. A click selects the command:", "Из реестра, с проверкой. Щелчок выделяет команду целиком:"))</p>",
            .command(pull, label: words("Command that pulls the build", "Команда, которая загружает сборку")),
        ]
        let check = "echo '\(build.digest)  \(fileName)' | sha256sum --check"
        if let address = context.links.absoluteDownload(build) {
            let fetch = "curl --fail --location --continue-at - --output \(fileName.shellWord) \(address.shellWord)"
            parts.append(
                "<p>\(words("Or with curl; an interrupted download resumes:", "Или с помощью curl; прерванная загрузка продолжится:"))</p>"
            )
            parts.append(
                .command(
                    "\(fetch)\n\(check)",
                    label: words("Commands that download and check", "Команды загрузки и проверки")
                )
            )
        }
        return parts.joined()
    }

    private func snippets(_ briefs: [BriefedBuild]) -> Markup {
        let kinds: [(SnippetKind, String, Platform)] = [
            (.swift, "Swift, iOS", .ios), (.kotlin, "Kotlin, Android", .android), (.flutter, "Flutter", .ios),
            (.reactNative, "React Native", .ios),
        ]
        let items = kinds.compactMap { kind, title, platform -> Markup? in
            guard let brief = briefs.first(where: { $0.estimate.platform == platform }), brief.profile.kind == .language
            else { return nil }
            let label = words("Code for \(title)", "Код для \(title)")
            return """
                <details><summary>\(title)</summary><pre tabindex="0" role="group" aria-label="\(label)"><code>\(Markup.code(Snippet(kind, for: brief).text))</code></pre></details>
                """
        }
        guard !items.isEmpty else { return .empty }
        return """
            <section class="snippets" aria-labelledby="code"><h2 id="code">\(words("Load it in an app", "Загрузка в приложении"))</h2>
            \(items.joined())</section>
            """
    }

    private func facts(_ summary: BuildSummary) -> Markup {
        let profile = session.profile(build.facts.profile)
        var rows: [(String, Markup)] = [
            (words("Type", "Тип"), "\(build.facts.quantType)"),
            (words("Licence", "Лицензия"), "\(build.facts.license)"),
            (words("Source", "Источник"), "<code>\(build.facts.sourceURI)</code>"),
            (words("Published", "Опубликована"), "\(words.date(build.createdAt)), edgepipe \(build.toolVersion)"),
            (words("Bytes", "Байт"), "\(build.fileBytes)"),
        ]
        if let chat = profile?.chat {
            let template = chat.hasTemplate ? words("in the file", "в файле") : words("none", "нет")
            rows.append((words("Chat template", "Шаблон диалога"), "\(template)"))
            if !chat.endTokens.isEmpty {
                let tokens = chat.endTokens.prefix(8).map { token -> Markup in "<code>\(token)</code>" }
                rows.append((words("Ends at", "Конец ответа"), tokens.joined(" ")))
            }
        }
        if let text = summary.textSha256 {
            rows.append(
                (words("Measured on", "Измерено на тексте"), "SHA-256 <code>\(String("\(text)".prefix(16)))…</code>")
            )
        }
        let report = context.link(
            .report(model: build.name.model, version: "\(build.name.version)"),
            words(
                "Lineage, tensors and all measurements are in the report",
                "Происхождение, тензоры и все измерения — в отчёте"
            )
        )
        let items = rows.map { name, value -> Markup in "<dt>\(name)</dt><dd>\(value)</dd>" }
        return """
            <section aria-labelledby="facts"><h2 id="facts">\(words("Facts", "Сведения"))</h2>
            <dl class="facts">\(items.joined())</dl>
            <p class="more">\(report)</p></section>
            """
    }
}

extension SiteWords {
    /// An English-only text, marked with its language for screen readers.
    func foreign(_ english: String) -> Markup {
        language == .english ? "\(english)" : "<span lang=\"en\">\(english)</span>"
    }
}
