/// A report as a tree, before it is HTML or Markdown.
struct ReportPage: Sendable {
    var title: String
    /// A line below the title.
    var subtitle: String
    /// Short facts beside the title, such as the licence.
    var chips: [String]
    /// The numbers that matter most: what it is, the number, what belongs to it.
    var cards: [(name: String, value: String, detail: String)]
    var sections: [Section]

    struct Section: Sendable {
        /// Where links within the page lead.
        var id: String
        var title: String
        var blocks: [Block]
    }

    enum Block: Sendable {
        case paragraph([Span])
        case heading(String)
        case list([[Span]])
        case table(Table)
        /// A drawing, and the same numbers as a table for whoever does not see it.
        case figure(Markup, caption: String, data: Table)
        case heatMap(HeatMap)
    }

    enum Span: Sendable {
        case text(String)
        case code(String)
        case strong(String)
    }

    struct Table: Sendable {
        /// What the table is about, for whoever hears it.
        var caption: String
        var columns: [String]
        /// Each as long as `columns`; the first cell names the row.
        var rows: [[Cell]]
    }

    enum Cell: Sendable {
        case text(String)
        case number(String)
        /// A middle, and the ends around it.
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
    /// A paragraph whose commands stand between backticks.
    static func prose(_ text: String) -> Self {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false).map(String.init)
        return .paragraph(parts.enumerated().map { $0.isMultiple(of: 2) ? .text($1) : .code($1) })
    }
}

/// Layers down, roles across; a cell's colour is the number of bits of its type.
struct HeatMap: Sendable {
    struct Cell: Sendable {
        var type: String
        /// From 1 for two bits and less to 9 for 32.
        var level: Int
        /// In words; nil where it was not measured.
        var error: String?
        /// From 0 for the least error of the map to 1 for the most.
        var share: Double
    }

    var caption: String
    /// Over the names of the rows.
    var corner: String
    var columns: [String]
    var rows: [(name: String, cells: [Cell?])]
}
