/// A report as a tree, independent of HTML and Markdown.
struct ReportPage: Sendable {
    var title: String
    /// A line below the title.
    var subtitle: String
    /// Short facts beside the title, such as the licence.
    var chips: [String]
    /// The key figures: a label, the number, and a detail.
    var cards: [(name: String, value: String, detail: String)]
    var sections: [Section]

    struct Section: Sendable {
        /// The target of links within the page.
        var id: String
        var title: String
        var blocks: [Block]
    }

    enum Block: Sendable {
        case paragraph([Span])
        case heading(String)
        case list([[Span]])
        case table(Table)
        /// A chart, and its numbers as a table for readers who cannot see it.
        case figure(Markup, caption: String, data: Table)
        case heatMap(HeatMap)
    }

    enum Span: Sendable {
        case text(String)
        case code(String)
        case strong(String)
    }

    struct Table: Sendable {
        /// The subject of the table, for screen readers.
        var caption: String
        var columns: [String]
        /// Rows as long as `columns`; the first cell names the row.
        var rows: [[Cell]]
    }

    enum Cell: Sendable {
        case text(String)
        case number(String)
        /// The middle of a range, and its ends.
        case range(String, String)
        case code(String)
        case strong(String)
        case verdict(String, Tone)

        var isNumber: Bool {
            switch self {
            case .number, .range: true
            case .text, .code, .strong, .verdict: false
            }
        }
    }

    enum Tone: String, Sendable { case good, fair, bad }
}

extension ReportPage.Block {
    /// A paragraph with commands between backticks.
    static func prose(_ text: String) -> Self {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        return .paragraph(parts.enumerated().map { $0.isMultiple(of: 2) ? .text($1) : .code($1) })
    }
}

/// A heat map with a row per layer and a column per role; a cell's colour is the number of bits of its type.
struct HeatMap: Sendable {
    struct Cell: Sendable {
        var type: String
        /// The colour, from 1 for two bits or less to 9 for 32.
        var level: Int
        /// The error in words; nil if it was not measured.
        var error: String?
        /// The error's position between the least (0) and the greatest (1) error of the map.
        var share: Double
    }

    var caption: String
    /// The heading of the column of row names.
    var corner: String
    var columns: [String]
    var rows: [(name: String, cells: [Cell?])]
}
