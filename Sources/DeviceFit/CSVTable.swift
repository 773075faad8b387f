/// A table of comma-separated values by RFC 4180, parsed strictly: every line has every column, and every quote is
/// closed.
///
/// It is parsed byte by byte for speed, because every query reads the catalogue first.
struct CSVTable {
    let columns: [String]
    let rows: [Row]

    struct Row {
        /// The line number, counted from 1 with the header.
        let line: Int
        fileprivate let places: [String: Int]
        fileprivate let fields: [String]

        /// The value of a column; empty if the table leaves it empty.
        subscript(column: String) -> String { places[column].map { fields[$0] } ?? "" }
    }

    /// - Parameter name: the table's name, for error messages.
    init(_ text: String, name: String) throws(DeviceFitError) {
        var lines = Self.lines(of: text)
        if lines.last?.isEmpty == true { lines.removeLast() }
        guard let header = lines.first else {
            throw .malformedCatalogue(table: name, line: 1, detail: "the table is empty")
        }
        let columns = try Self.fields(of: header, name, line: 1)
        let places = Dictionary(zip(columns, columns.indices)) { first, _ in first }
        guard places.count == columns.count else {
            throw .malformedCatalogue(table: name, line: 1, detail: "a column is named twice")
        }
        var rows: [Row] = []
        rows.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated().dropFirst() {
            let fields = try Self.fields(of: line, name, line: index + 1)
            guard fields.count == columns.count else {
                let detail = "\(fields.count) fields, \(columns.count) expected"
                throw .malformedCatalogue(table: name, line: index + 1, detail: detail)
            }
            rows.append(Row(line: index + 1, places: places, fields: fields))
        }
        (self.columns, self.rows) = (columns, rows)
    }

    private static let (quote, comma, feed, back) = (UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(10), UInt8(13))

    /// Splits the text at LF, or at the CR LF that RFC 4180 asks for.
    private static func lines(of text: String) -> [ArraySlice<UInt8>] {
        Array(text.utf8).split(separator: feed, omittingEmptySubsequences: false).map { line in
            line.last == back ? line.dropLast() : line
        }
    }

    private static func fields(
        of text: ArraySlice<UInt8>,
        _ name: String,
        line: Int
    ) throws(DeviceFitError) -> [String] {
        var fields: [String] = []
        var rest = text
        while true {
            if rest.first == quote {
                fields.append(try quoted(&rest, name, line: line))
            } else {
                let field = rest.prefix { $0 != comma }
                guard !field.contains(quote) else {
                    throw .malformedCatalogue(table: name, line: line, detail: "a quote inside of a plain field")
                }
                fields.append(String(decoding: field, as: UTF8.self))
                rest = rest[field.endIndex...]
            }
            guard rest.popFirst() != nil else { return fields }
        }
    }

    /// Removes the quotes around a field; a doubled quote inside means one quote.
    private static func quoted(
        _ rest: inout ArraySlice<UInt8>,
        _ name: String,
        line: Int
    ) throws(DeviceFitError) -> String {
        rest.removeFirst()
        var field: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte != quote {
                field.append(byte)
            } else if rest.first == quote {
                rest.removeFirst()
                field.append(quote)
            } else {
                guard rest.isEmpty || rest.first == comma else { break }
                return String(decoding: field, as: UTF8.self)
            }
        }
        throw .malformedCatalogue(table: name, line: line, detail: "a quoted field does not end")
    }
}
