/// A report as GitHub's Markdown. Drawings are left out; their tables stay.
struct MarkdownPage {
    let page: ReportPage

    init(_ page: ReportPage) { self.page = page }

    var text: String {
        var parts = ["# \(Self.escape(page.title))", Self.escape(page.subtitle) + "."]
        parts.append((page.chips + page.cards.map(card)).map { "* \(Self.escape($0))" }.joined(separator: "\n"))
        for section in page.sections {
            parts.append("## \(Self.escape(section.title))")
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
        case .heading(let words): ["### \(Self.escape(words))"]
        case .list(let items): [items.map { "* " + $0.map(span).joined() }.joined(separator: "\n")]
        case .table(let table): [text(of: table)]
        case .figure(_, let caption, let data): [text(of: data), "*\(Self.escape(caption))*"]
        case .heatMap(let map): [text(of: map)]
        }
    }

    private func span(_ span: ReportPage.Span) -> String {
        switch span {
        case .text(let words): Self.escape(words)
        case .code(let words): Self.code(words)
        case .strong(let words): "**\(Self.escape(words))**"
        }
    }

    private func text(of table: ReportPage.Table) -> String {
        Self.lines(table.columns.map(Self.escape), table.rows.map { $0.map(cell) }, numbers: Self.numbers(table))
    }

    private func text(of map: HeatMap) -> String {
        let rows = map.rows.map { row in
            [row.name]
                + row.cells.map { cell in
                    cell.map { Self.escape($0.type) + ($0.error.map { " (\($0))" } ?? "") } ?? ""
                }
        }
        return Self.lines([map.corner] + map.columns.map(Self.escape), rows, numbers: [])
    }

    private func cell(_ cell: ReportPage.Cell) -> String {
        switch cell {
        case .text(let words), .number(let words), .verdict(let words, _): Self.escape(words)
        case .range(let middle, let ends): Self.escape("\(middle) (\(ends))")
        case .code(let words): Self.code(words).replacing("|", with: "\\|")
        case .strong(let words): "**\(Self.escape(words))**"
        }
    }

    /// Columns that hold numbers only.
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

    /// The text as Markdown that shows it: no link, no markup, no new cell.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in readable(text) {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\\", "`", "*", "_", "[", "]", "#", "|", "~", "!": escaped += "\\\(character)"
            default: escaped.append(character)
            }
        }
        // GitHub makes links even of plain text.
        return escaped.replacing("://", with: ":&#47;&#47;").replacing("www.", with: "www&#46;")
    }

    /// A code span whose fence is longer than any run of backticks in it.
    private static func code(_ text: String) -> String {
        let text = readable(text)
        var (longest, run) = (0, 0)
        for character in text {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        let pad = text.hasPrefix("`") || text.hasSuffix("`") ? " " : ""
        return fence + pad + text + pad + fence
    }
}
