import Briefs

/// A table whose cells may contain links. On a narrow screen each row becomes a list, with the columns' names before
/// its cells.
struct PageTable {
    struct Column {
        var name: String
        var isNumber = false
    }

    /// The subject of the table, for screen readers.
    let caption: String
    let columns: [Column]
    /// Rows as long as `columns`; the first cell names the row. Empty cells are left out on a narrow screen.
    let rows: [[Markup]]

    /// Whether rows become lists on a narrow screen; otherwise the table scrolls.
    let unfolds: Bool

    /// - Parameters:
    ///   - columns: names, and whether the cells are numbers.
    ///   - unfolds: whether rows become lists; nil decides by the number of columns.
    init(caption: String, columns: [(String, Bool)], rows: [[Markup]], unfolds: Bool? = nil) {
        (self.caption, self.unfolds) = (caption, unfolds ?? (columns.count > 3))
        self.columns = columns.map { Column(name: $0.0, isNumber: $0.1) }
        self.rows = rows
    }

    var markup: Markup {
        let heads = columns.map { column -> Markup in
            column.isNumber
                ? "<th scope=\"col\" class=\"n\">\(column.name)</th>" : "<th scope=\"col\">\(column.name)</th>"
        }
        let lines = rows.map { row -> Markup in
            let cells = zip(row, columns).enumerated().map { index, item -> Markup in
                let (cell, column) = item
                if index == 0 { return "<th scope=\"row\">\(cell)</th>" }
                let style: Markup = column.isNumber ? " class=\"n\"" : ""
                return "<td\(style) data-label=\"\(column.name)\">\(cell)</td>"
            }
            return "<tr>\(cells.joined(""))</tr>"
        }
        let style: Markup = unfolds ? "wide" : "slim"
        return """
            <div class="scroll"><table class="\(style)">
            <caption>\(caption)</caption>
            <thead><tr>\(heads.joined(""))</tr></thead>
            <tbody>
            \(lines.joined())
            </tbody>
            </table></div>
            """
    }
}

/// The key figures: a label, the number, and a detail.
struct PageCards {
    let cards: [(name: String, value: String, detail: String)]

    var markup: Markup {
        let items = cards.map { card -> Markup in
            "<div><dt>\(card.name)</dt><dd><b>\(card.value)</b><span>\(card.detail)</span></dd></div>"
        }
        return "<dl class=\"cards\">\(items.joined())</dl>"
    }
}

extension Markup {
    /// Short facts in a row.
    static func chips(_ chips: [String]) -> Markup {
        chips.isEmpty ? .empty : "<ul class=\"chips\">\(chips.map { "<li>\($0)</li>" }.joined(""))</ul>"
    }

    /// A command or code that one click selects.
    static func command(_ text: String, label: String) -> Markup {
        "<pre class=\"command\" tabindex=\"0\" role=\"group\" aria-label=\"\(label)\"><code>\(Markup.code(text))</code></pre>"
    }

    /// Code that keeps its lines; otherwise escaped like other text.
    static func code(_ text: String) -> Markup {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.map { line -> Markup in "\(String(line))" }.joined("\n")
    }

    /// A number with the ends of its range.
    static func range(_ middle: String, _ ends: String) -> Markup { "\(middle)<small>\(ends)</small>" }
}
