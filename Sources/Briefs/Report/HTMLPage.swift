/// Renders a report as one HTML file that is also well-formed XML.
struct HTMLPage {
    let page: ReportPage
    let language: Language
    /// The site's name and the pages above this one; empty for a page outside a site.
    let trail: [(title: String, address: String)]

    init(_ page: ReportPage, language: Language, trail: [(title: String, address: String)] = []) {
        (self.page, self.language, self.trail) = (page, language, trail)
    }

    var text: String {
        let body: Markup = """
            <body>
            <a class="skip" href="#content">\(language.say("To the content", "К содержанию"))</a>
            <header>
            \(mark)
            <h1>\(page.title)</h1>
            <p class="sub">\(page.subtitle)</p>
            <ul class="chips">\(page.chips.map { "<li>\($0)</li>" }.joined(""))</ul>
            </header>
            <main id="content">
            <dl class="cards">\(page.cards.map(card).joined())</dl>
            <nav aria-label="\(language.say("Sections", "Разделы"))">\(links)</nav>
            \(page.sections.map(section).joined())
            </main>
            </body>
            """
        return """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="\(language.rawValue)">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <title>\(("\(page.title)" as Markup).text)</title>
            <style>
            \(StyleSheet.text)
            </style>
            </head>
            \(body.text)
            </html>

            """
    }

    private var mark: Markup {
        guard !trail.isEmpty else { return "<p class=\"mark\">edgepipe</p>" }
        let links = trail.map { item -> Markup in "<a href=\"\(item.address)\">\(item.title)</a>" }
        return
            "<nav class=\"mark\" aria-label=\"\(language.say("Where you are", "Вы здесь"))\">\(links.joined(" / "))</nav>"
    }

    private var links: Markup {
        page.sections.map { section -> Markup in "<a href=\"#\(section.id)\">\(section.title)</a>" }.joined()
    }

    private func card(_ card: (name: String, value: String, detail: String)) -> Markup {
        "<div><dt>\(card.name)</dt><dd><b>\(card.value)</b><span>\(card.detail)</span></dd></div>"
    }

    private func section(_ section: ReportPage.Section) -> Markup {
        """
        <section id="\(section.id)">
        <h2>\(section.title)</h2>
        \(section.blocks.map(block).joined())
        </section>
        """
    }

    private func block(_ block: ReportPage.Block) -> Markup {
        switch block {
        case .paragraph(let spans): "<p>\(words(spans))</p>"
        case .heading(let words): "<h3>\(words)</h3>"
        case .list(let items): "<ul>\(items.map { "<li>\(words($0))</li>" }.joined())</ul>"
        case .table(let table): markup(of: table)
        case .heatMap(let map): markup(of: map)
        case .figure(let drawing, let caption, let data):
            """
            <figure>
            <div class="scroll">\(drawing)</div>
            <figcaption>\(caption)</figcaption>
            </figure>
            <details><summary>\(language.say("As a table", "Таблицей"))</summary>
            \(markup(of: data))
            </details>
            """
        }
    }

    private func words(_ spans: [ReportPage.Span]) -> Markup {
        spans.map { span -> Markup in
            switch span {
            case .text(let words): "\(words)"
            case .code(let words): "<code>\(words)</code>"
            case .strong(let words): "<strong>\(words)</strong>"
            }
        }.joined("")
    }

    private func markup(of table: ReportPage.Table) -> Markup {
        let numbers = MarkdownPage.numbers(table)
        let heads = table.columns.enumerated().map { column, name -> Markup in
            numbers.contains(column) ? "<th scope=\"col\" class=\"n\">\(name)</th>" : "<th scope=\"col\">\(name)</th>"
        }
        let rows = table.rows.map { row -> Markup in
            let cells = row.enumerated().map { column, cell in self.cell(cell, column, of: table) }
            return "<tr>\(cells.joined(""))</tr>"
        }
        // On a narrow screen a table with many columns becomes a list; see the style sheet.
        let style: Markup = table.columns.count > 4 ? "wide" : "slim"
        return """
            <div class="scroll"><table class="\(style)">
            <caption>\(table.caption)</caption>
            <thead><tr>\(heads.joined(""))</tr></thead>
            <tbody>
            \(rows.joined())
            </tbody>
            </table></div>
            """
    }

    private func cell(_ cell: ReportPage.Cell, _ column: Int, of table: ReportPage.Table) -> Markup {
        let content: Markup =
            switch cell {
            case .text(let words), .number(let words): "\(words)"
            case .range(let middle, let ends): "\(middle)<small>\(ends)</small>"
            case .code(let words): "<code>\(words)</code>"
            case .strong(let words): "<strong>\(words)</strong>"
            case .verdict(let words, let tone): "<span class=\"tone \(tone.rawValue)\">\(words)</span>"
            }
        if column == 0 { return "<th scope=\"row\">\(content)</th>" }
        let label = table.columns[column]
        if cell.isNumber { return "<td class=\"n\" data-label=\"\(label)\">\(content)</td>" }
        return "<td data-label=\"\(label)\">\(content)</td>"
    }

    private func markup(of map: HeatMap) -> Markup {
        let heads = map.columns.map { role -> Markup in "<th scope=\"col\">\(role)</th>" }
        let rows = map.rows.map { row -> Markup in
            let cells = row.cells.map { cell -> Markup in
                guard let cell else { return "<td class=\"none\"></td>" }
                guard let error = cell.error else { return "<td class=\"h\(cell.level)\"><b>\(cell.type)</b></td>" }
                return """
                    <td class="h\(cell.level)"><b>\(cell.type)</b><small>\(error)</small>\
                    <i style="width: \(cell.share * 100)%"></i></td>
                    """
            }
            return "<tr><th scope=\"row\">\(row.name)</th>\(cells.joined(""))</tr>"
        }
        return """
            <div class="scroll"><table class="heat">
            <caption>\(map.caption)</caption>
            <thead><tr><th scope="col">\(map.corner)</th>\(heads.joined(""))</tr></thead>
            <tbody>
            \(rows.joined())
            </tbody>
            </table></div>
            """
    }
}
