import Answers
import BinaryIO
import Briefs
import DeviceFit
import Registry

/// The page of a model: its channels, its versions, and the builds of the current version.
struct ModelPage {
    let context: PageContext
    let session: RegistrySession
    let model: SiteShelf.Model

    private var words: SiteWords { context.words }
    private var current: VersionRecord { model.current }

    func page() throws -> SitePage {
        let all = try session.registry.builds(matching: BuildFilter(model: model.name, version: current.version))
        let builds = all.filter { !$0.name.isProjector }
        let table = try BuildList(
            context: context,
            session: session,
            builds: builds,
            projectors: all.filter(\.name.isProjector)
        )
        let content: Markup = """
            <nav class="trail" aria-label="\(words("Where you are", "Вы здесь"))">\
            \(context.link(.home(), words("Models", "Модели"))) / \(model.name)</nav>
            <h1>\(model.name)</h1>
            \(Markup.chips(chips(builds)))
            \(channels)
            \(table.section(of: current))
            \(table.chartSection)
            \(try versions())
            """
        return PageFrame(
            context: context,
            title: model.name,
            summary: words(
                "\(model.name) \(current.version): \(words.builds(builds.count)), \(builds.sizes(words))",
                "\(model.name) \(current.version): \(words.builds(builds.count)), \(builds.sizes(words))"
            ),
            content: content,
            translations: context.request
        ).page
    }

    private func chips(_ builds: [BuildRecord]) -> [String] {
        let profiles = builds.compactMap { session.profile($0.facts.profile) }
        let profile = profiles.first
        let parameters = profile.map { profile in
            let billions = Double(profile.parameterCount) / 1e9
            return billions >= 0.1
                ? words(
                    "\(words.number(billions, 1)) billion parameters",
                    "\(words.number(billions, 1)) млрд параметров"
                )
                : words(
                    "\(words.number(billions * 1000, 1)) million parameters",
                    "\(words.number(billions * 1000, 1)) млн параметров"
                )
        }
        let context = profile.map { words("context \($0.contextLength)", "контекст \($0.contextLength)") }
        let licenses = builds.licenses.map { words("licence \($0)", "лицензия \($0)") }
        return [profile.map { words.kind($0.kind) }, parameters, context].compactMap { $0 } + licenses
            + (profile?.tags ?? []).prefix(12)
    }

    private var channels: Markup {
        let rows = model.channels.flatMap { channel in
            model.versions.filter { $0.channels.contains(channel) }.map { version -> [Markup] in
                ["\(channel)", reportLink(version), "\(words.date(version.createdAt))"]
            }
        }
        guard !rows.isEmpty else { return .empty }
        let table = PageTable(
            caption: words("Channels of \(model.name)", "Каналы модели \(model.name)"),
            columns: [
                (words("Channel", "Канал"), false), (words("Version", "Версия"), false),
                (words("Published", "Опубликована"), false),
            ],
            rows: rows
        )
        return """
            <section aria-labelledby="channels"><h2 id="channels">\(words("Channels", "Каналы"))</h2>
            \(table.markup)</section>
            """
    }

    private func reportLink(_ version: VersionRecord) -> Markup {
        context.link(.report(model: model.name, version: "\(version.version)"), "\(version.version)")
    }

    private func versions() throws -> Markup {
        let shown = model.versions.prefix(SiteLimits.versions)
        let rows = shown.map { version -> [Markup] in
            let types = version.types.filter { !$0.isProjectorType }
            let links = types.prefix(24).map { type in
                context.link(.build(model: model.name, version: "\(version.version)", type: type), type)
            }
            let more: Markup = types.count > links.count ? ", …" : ""
            let name = "\(version.version)"
            return [
                "\(name)", "\(words.date(version.createdAt))",
                "\(version.channels.joined(separator: ", "))", links.joined(", ") + more,
                context.link(
                    .report(model: model.name, version: name),
                    words("Report on \(name)", "Отчёт о \(name)")
                ),
            ]
        }
        let table = PageTable(
            caption: words("Versions of \(model.name), newest first", "Версии модели \(model.name), новые первыми"),
            columns: [
                (words("Version", "Версия"), false), (words("Published", "Опубликована"), false),
                (words("Channels", "Каналы"), false), (words("Builds", "Сборки"), false),
                (words("Report", "Отчёт"), false),
            ],
            rows: Array(rows)
        )
        let rest = model.versions.count - shown.count
        let older = words(
            "\(words.versions(rest)) more, the oldest ones, are not shown.",
            "Ещё \(words.versions(rest)), самые старые, не показаны."
        )
        let note: Markup = rest > 0 ? "<p>\(older)</p>" : ""
        return """
            <section aria-labelledby="versions"><h2 id="versions">\(words("Versions", "Версии"))</h2>
            \(table.markup)\(note)</section>
            """
    }
}
