import Answers
import Briefs
import DeviceFit
import Registry

/// The list of models, latest publication first, with a link to find a build that fits.
struct HomePage {
    let context: PageContext
    let session: RegistrySession
    let shelf: SiteShelf
    /// The number of the page, from 1.
    let number: Int

    private var words: SiteWords { context.words }

    func page() throws -> SitePage {
        let title = words("Models for phones", "Модели для телефонов")
        let start = (number - 1) * SiteLimits.models
        let shown = shelf.models.dropFirst(start).prefix(SiteLimits.models)
        let content: Markup = """
            <h1>\(title)</h1>
            <p class="lead">\(try lead())</p>
            \(number == 1 ? try search() : .empty)
            <h2>\(words("Models", "Модели"))</h2>
            \(shown.isEmpty ? nothing : try list(shown))
            \(pages)
            """
        return PageFrame(
            context: context,
            title: number == 1 ? title : "\(title), \(words("page", "страница")) \(number)",
            summary: try lead(),
            content: content,
            translations: context.request
        ).page
    }

    private func lead() throws -> String {
        let builds = shelf.models.flatMap(\.versions).flatMap(\.types).count { !$0.isProjectorType }
        let count = try session.catalogue().devices.count
        guard builds > 0 else {
            return words("Quantized GGUF builds for Android and iOS.", "Квантованные сборки GGUF для Android и iOS.")
        }
        let devices = words.count(count, ("device", "devices"), .init("устройства", "устройств", "устройств"))
        let models = words.models(shelf.models.count)
        return words(
            "\(models) in \(words.builds(builds)), quantized to GGUF: with measured quality, and with estimates of memory, speed and "
                + "battery for \(devices).",
            "\(models) и \(words.builds(builds)) в формате GGUF — с измеренным качеством и оценкой памяти, скорости и расхода батареи "
                + "для \(devices)."
        )
    }

    private var nothing: Markup {
        let (before, after) = (
            words("Nothing is published yet. ", "Пока ничего не опубликовано. "),
            words(" makes and publishes the first builds.", " создаст и опубликует первые сборки.")
        )
        return "<p class=\"note\">\(before)<code>edgepipe run</code>\(after)</p>"
    }

    private func search() throws -> Markup {
        guard !shelf.models.isEmpty else { return .empty }
        let heading = words("Which build fits your phones?", "Какая сборка подойдёт вашим телефонам?")
        let all = words("All conditions and devices", "Все условия и устройства")
        guard !context.links.isServer else {
            let form = QueryForm(context: context, fields: QueryFields(), choices: nil)
            return """
                <section aria-labelledby="find"><h2 id="find">\(heading)</h2>
                \(form.short)
                <p class="more">\(context.link(context.search, all))</p></section>
                """
        }
        let steps = [10, 20, 30, 40, 60, 80].compactMap { tenths in
            MemoryStep.all.first { $0.bytes == tenths * 100_000_000 }
        }
        let lists = Platform.allCases.map { platform -> Markup in
            let items = steps.map { step -> Markup in
                "<li>\(context.link(.best(platform, step), words.memory(step)))</li>"
            }
            return "<div><h3>\(words.system(platform))</h3><ul class=\"answers\">\(items.joined(""))</ul></div>"
        }
        let hint = words(
            "Choose the memory that your app may use; about half of a phone’s memory is safe.",
            "Выберите, сколько памяти доступно приложению: безопасна примерно половина памяти телефона."
        )
        return """
            <section aria-labelledby="find"><h2 id="find">\(heading)</h2>
            <p>\(hint)</p>
            <div class="systems">\(lists.joined())</div>
            <p class="more">\(context.link(.finder, all))</p></section>
            """
    }

    private func list(_ models: ArraySlice<SiteShelf.Model>) throws -> Markup {
        let items = try models.map { model -> Markup in
            let current = model.current
            let builds = try session.registry.builds(
                matching: BuildFilter(model: model.name, version: current.version)
            ).filter { !$0.name.isProjector }
            let kind = builds.lazy.compactMap { session.profile($0.facts.profile)?.kind }.first
            let facts = [
                kind.map(words.kind), words.builds(builds.count), builds.sizes(words),
                builds.licenses.joined(separator: ", "),
            ].compactMap { $0 }.filter { !$0.isEmpty }
            let dates = words(
                "Version \(current.version), \(words.date(current.createdAt))",
                "Версия \(current.version), \(words.date(current.createdAt))"
            )
            let older = model.versions.count - 1
            let others = older > 0 ? words("; \(older) more", "; ещё \(older)") : ""
            return """
                <li><h3>\(context.link(.model(model.name), model.name))</h3>
                <p>\(facts.joined(separator: " · "))</p>
                <p>\(dates)\(others)</p>
                \(Markup.chips(model.channels))</li>
                """
        }
        return "<ul class=\"models\">\(items.joined())</ul>"
    }

    private var pages: Markup {
        guard shelf.pageCount > 1 else { return .empty }
        let links = (1...shelf.pageCount).map { page -> Markup in
            page == number
                ? "<span aria-current=\"page\">\(page)</span>" : context.link(.home(page: page), "\(page)")
        }
        return "<nav aria-label=\"\(words("Pages", "Страницы"))\">\(links.joined())</nav>"
    }
}

extension SiteWords {
    /// `3 GB`
    package func memory(_ step: MemoryStep) -> String { plain(step.gigabytes) + "\u{a0}" + self("GB", "ГБ") }
}
