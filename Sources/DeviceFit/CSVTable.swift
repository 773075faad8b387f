/// A table of comma-separated values by RFC 4180, read strictly: every line has every column, every quote closes.
struct CSVTable {
    let columns: [String]
    let rows: [Row]

    struct Row {
        /// Counted from 1, the header included.
        let line: Int
        let values: [String: String]

        /// The value of a column; empty where the table leaves it empty.
        subscript(column: String) -> String { values[column] ?? "" }
    }

    /// - Parameter name: for error messages.
    init(_ text: String, name: String) throws(DeviceFitError) {
        // CR LF, which RFC 4180 asks for, is one Character and a newline as LF is.
        var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        if lines.last == "" { lines.removeLast() }
        guard let header = lines.first else {
            throw .malformedCatalogue(table: name, line: 1, detail: "the table is empty")
        }
        let columns = try Self.fields(of: header, name, line: 1)
        guard Set(columns).count == columns.count else {
            throw .malformedCatalogue(table: name, line: 1, detail: "a column is named twice")
        }
        var rows: [Row] = []
        for (index, text) in lines.enumerated().dropFirst() {
            let fields = try Self.fields(of: text, name, line: index + 1)
            guard fields.count == columns.count else {
                let detail = "\(fields.count) fields, \(columns.count) expected"
                throw .malformedCatalogue(table: name, line: index + 1, detail: detail)
            }
            rows.append(Row(line: index + 1, values: Dictionary(uniqueKeysWithValues: zip(columns, fields))))
        }
        (self.columns, self.rows) = (columns, rows)
    }

    private static func fields(of text: String, _ name: String, line: Int) throws(DeviceFitError) -> [String] {
        var fields: [String] = []
        var rest = text[...]
        while true {
            var field = ""
            if rest.first == "\"" {
                rest.removeFirst()
                var isClosed = false
                while let character = rest.popFirst() {
                    if character != "\"" {
                        field.append(character)
                    } else if rest.first == "\"" {
                        field.append(rest.removeFirst())
                    } else {
                        isClosed = true
                        break
                    }
                }
                guard isClosed, rest.isEmpty || rest.first == "," else {
                    throw .malformedCatalogue(table: name, line: line, detail: "a quoted field does not end")
                }
            } else {
                field = String(rest.prefix { $0 != "," })
                rest = rest.dropFirst(field.count)
                guard !field.contains("\"") else {
                    throw .malformedCatalogue(table: name, line: line, detail: "a quote inside of a plain field")
                }
            }
            fields.append(field)
            guard rest.popFirst() != nil else { return fields }
        }
    }
}
