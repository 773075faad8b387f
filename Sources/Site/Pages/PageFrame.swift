import Briefs

/// The frame around the content of every page.
struct PageFrame {
    let context: PageContext
    /// The window's title; the site's name is added.
    let title: String
    /// One sentence about the page, for search results.
    let summary: String
    let content: Markup
    var outcome = SitePage.Outcome.found
    /// The request for the same page in other languages; nil if there is none.
    var translations: SiteRequest?

    private var words: SiteWords { context.words }

    var page: SitePage {
        let style = SiteStyle.text
        let policy = ContentPolicy.page(style: style)
        let head: Markup = """
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <meta name="referrer" content="same-origin"/>
            <meta http-equiv="Content-Security-Policy" content="\(policy)"/>
            <title>\(title) · edgepipe</title>
            <meta name="description" content="\(summary)"/>
            <link rel="icon" href="data:,"/>
            """
        let html = """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="\(context.language.rawValue)">
            <head>
            \(head.text)
            <style>\(style)</style>
            </head>
            <body class="site">
            \(body.text)
            </body>
            </html>

            """
        return SitePage(
            outcome,
            html: html,
            contentSecurityPolicy: policy + ContentPolicy.headerOnly,
            language: context.language
        )
    }

    private var body: Markup {
        """
        <a class="skip" href="#content">\(words("To the content", "К содержанию"))</a>
        <div class="bar">
        <a class="brand" href="\(context.address(.home()))">edgepipe</a>
        <nav aria-label="\(words("Site", "Сайт"))">\(tabs)</nav>
        \(languages)
        </div>
        <main id="content">
        \(content)
        </main>
        <footer>
        <p>\(footnote)</p>
        <p>\(context.words("As data:", "Данные:")) \(dataLinks)</p>
        </footer>
        """
    }

    private var tabs: Markup {
        let pages: [(SiteRequest, String)] = [
            (.home(), words("Models", "Модели")), (context.search, words("Find a build", "Подбор сборки")),
        ]
        return pages.map { page, name -> Markup in
            let isHere = page == context.request
            return isHere
                ? "<a href=\"\(context.address(page))\" aria-current=\"page\">\(name)</a>" : context.link(page, name)
        }.joined()
    }

    private var languages: Markup {
        guard let page = translations, context.links.languages.count > 1 else { return .empty }
        let names: [(Language, String)] = [(.english, "English"), (.russian, "Русский")]
        let links = names.map { language, name -> Markup in
            if language == context.language { return "<span aria-current=\"true\">\(name)</span>" }
            let address = context.address(page, in: language)
            return """
                <a href="\(address)" lang="\(language.rawValue)" hreflang="\(language.rawValue)">\(name)</a>
                """
        }
        return "<nav class=\"languages\" aria-label=\"\(words("Language", "Язык"))\">\(links.joined())</nav>"
    }

    private var footnote: String {
        words(
            "Quality is measured. Memory, speed, heat and battery are estimates, each with its range and confidence.",
            "Качество измерено. Память, скорость, нагрев и расход батареи — оценки с диапазоном и степенью уверенности."
        )
    }

    private var dataLinks: Markup {
        let builds = context.links.list("builds", from: context.from)
        let devices = context.links.list("devices", from: context.from)
        return """
            <a href="\(builds)">\(words("builds", "сборки"))</a>, <a href="\(devices)">\(words("devices", "устройства"))</a>
            """
    }
}
