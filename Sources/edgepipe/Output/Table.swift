import BinaryIO
import Briefs

/// Rows of text under headings. Cells are one line each, so that no text from a file can forge a row.
struct Table {
    let columns: [String]
    let rows: [[String]]

    init(columns: [String], rows: [[String]]) {
        self.columns = columns
        self.rows = rows.map { $0.map(\.visible) }
    }

    /// The table with columns aligned by spaces; numeric columns are aligned to the right.
    var plain: String {
        let widths = columns.indices.map { column in
            ([columns] + rows).map { $0[column].count }.max() ?? 0
        }
        let isNumber = columns.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { Self.looksNumeric($0[column]) }
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell in
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                return isNumber[column] ? gap + cell : cell + gap
            }
            let joined = padded.joined(separator: "  ")
            return String(joined.reversed().drop { $0 == " " }.reversed())
        }
        return ([columns] + rows).map(line).joined(separator: "\n")
    }

    var markdown: String {
        func line(_ cells: [String]) -> String {
            "| " + cells.map(\.markdownText).joined(separator: " | ") + " |"
        }
        let rule = "|" + columns.map { _ in "---|" }.joined()
        return ([line(columns), rule] + rows.map(line)).joined(separator: "\n")
    }

    /// The table as RFC 4180, with quotes where they are needed.
    var csv: String {
        func field(_ cell: String) -> String {
            guard cell.contains(where: { ",\"\n".contains($0) }) else { return cell }
            return "\"" + cell.replacing("\"", with: "\"\"") + "\""
        }
        return ([columns] + rows).map { $0.map(field).joined(separator: ",") }.joined(separator: "\n")
    }

    func text(_ format: OutputFormat) -> String {
        switch format {
        case .markdown: markdown
        case .csv: csv
        case .table, .json, .jsonl: plain
        }
    }

    private static func looksNumeric(_ cell: String) -> Bool {
        cell == "-" || cell.first.map { $0.isNumber || $0 == "-" } ?? false
    }
}
