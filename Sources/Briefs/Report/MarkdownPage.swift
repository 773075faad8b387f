/// Renders a report as GitHub Markdown. Charts are left out; their tables stay.
struct MarkdownPage {
    let page: ReportPage

    init(_ page: ReportPage) { self.page = page }

    var text: String {
        var parts = ["# \(page.title.markdownText)", page.subtitle.markdownText + "."]
        parts.append((page.chips + page.cards.map(card)).map { "* \($0.markdownText)" }.joined(separator: "\n"))
        for section in page.sections {
            parts.append("## \(section.title.markdownText)")
            parts += section.blocks.flatMap(block)
        }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private func card(_ card: (name: String, value: String, detail: String)) -> String {
        "\(card.name): \(card.value) (\(card.detail))"
    }

    private func block(_ block: ReportPage.Block) -> [String] {
        switch block {
        case .paragraph(let spans): [spans.map(span).joined()]
        case .heading(let words): ["### \(words.markdownText)"]
        case .list(let items): [items.map { "* " + $0.map(span).joined() }.joined(separator: "\n")]
        case .table(let table): [text(of: table)]
        case .figure(_, let caption, let data): [text(of: data), "*\(caption.markdownText)*"]
        case .heatMap(let map): [text(of: map)]
        }
    }

    private func span(_ span: ReportPage.Span) -> String {
        switch span {
        case .text(let words): words.markdownText
        case .code(let words): words.markdownCode
        case .strong(let words): "**\(words.markdownText)**"
        }
    }

    private func text(of table: ReportPage.Table) -> String {
        Self.lines(table.columns.map(\.markdownText), table.rows.map { $0.map(cell) }, numbers: Self.numbers(table))
    }

    private func text(of map: HeatMap) -> String {
        let rows = map.rows.map { row in
            [row.name]
                + row.cells.map { cell in
                    cell.map { $0.type.markdownText + ($0.error.map { " (\($0))" } ?? "") } ?? ""
                }
        }
        return Self.lines([map.corner] + map.columns.map(\.markdownText), rows, numbers: [])
    }

    private func cell(_ cell: ReportPage.Cell) -> String {
        switch cell {
        case .text(let words), .number(let words), .verdict(let words, _): words.markdownText
        case .range(let middle, let ends): "\(middle) (\(ends))".markdownText
        case .code(let words): words.markdownCode.replacing("|", with: "\\|")
        case .strong(let words): "**\(words.markdownText)**"
        }
    }

    /// The columns that contain only numbers.
    static func numbers(_ table: ReportPage.Table) -> Set<Int> {
        Set(
            table.columns.indices.filter { column in
                !table.rows.isEmpty
                    && table.rows.allSatisfy { row in row[column].isNumber }
            }
        )
    }

    private static func lines(_ columns: [String], _ rows: [[String]], numbers: Set<Int>) -> String {
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let rule = "|" + columns.indices.map { numbers.contains($0) ? "---:|" : "---|" }.joined()
        return ([line(columns), rule] + rows.map(line)).joined(separator: "\n")
    }
}
