import BinaryIO
import Foundation
import GRDB

/// The append-only audit log, chained by digests.
enum AuditLog {
    /// Adds a line inside the transaction of the change that it describes, so that neither exists without the other.
    static func append(_ action: String, subject: String, detail: String, to database: Database) throws {
        let last = try Row.fetchOne(
            database,
            sql: "SELECT sequence, createdAt, digest FROM audit ORDER BY sequence DESC LIMIT 1"
        )
        // Wraps instead of trapping: the number in the file may be forged, and then the insertion fails.
        let sequence = try (last?.value("sequence", as: Int.self) ?? 0) &+ 1
        // If the clock was set back, a later line must not look earlier.
        let time = try max(Timestamp.now, last?.value("createdAt") ?? "")
        let digest = try link(
            previous: last?.value("digest") ?? "",
            line: [String(sequence), time, action, subject, detail]
        )
        try database.execute(
            sql: """
                INSERT INTO audit (sequence, createdAt, action, subject, detail, digest) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [sequence, time, action, subject, detail, digest.description]
        )
    }

    /// The first line that does not follow from the previous one; nil if the chain holds.
    static func firstBrokenLine(in database: Database) throws -> Int? {
        var previous = ""
        var expected = 1
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM audit ORDER BY sequence")
        while let row = try rows.next() {
            guard let digest = try? self.digest(of: row, expected, after: previous) else { return expected }
            previous = digest
            expected += 1
        }
        // SQLite never assigns a number twice, so lines removed from the end are detected too.
        let given = try Int.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'audit'") ?? 0
        return given == expected - 1 ? nil : expected
    }

    /// - Returns: nil if the line does not follow from the previous one.
    private static func digest(of row: Row, _ expected: Int, after previous: String) throws -> String? {
        let sequence: Int = try row.value("sequence")
        let line: [String] = [
            String(sequence), try row.value("createdAt"), try row.value("action"), try row.value("subject"),
            try row.value("detail"),
        ]
        let digest: String = try row.value("digest")
        return try sequence == expected && link(previous: previous, line: line).description == digest ? digest : nil
    }

    /// SHA-256 over the previous digest and the line as a JSON array, whose quoting keeps the fields apart.
    private static func link(previous: String, line: [String]) throws -> SHA256Digest {
        SHA256Digest(of: try CanonicalJSON.encode([previous] + line).utf8)
    }
}

/// JSON with one spelling for each value: sorted keys, no spaces, plain slashes.
enum CanonicalJSON {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// Times as the registry stores them: UTC, to the millisecond, in a text that sorts by time.
enum Timestamp {
    static var now: String { text(Date()) }

    static func text(_ date: Date) -> String { date.formatted(style) }

    /// - Throws: `RegistryError.damagedRow` for a text that this program did not write.
    static func date(_ text: String) throws -> Date {
        guard let date = try? style.parse(text) else {
            throw RegistryError.damagedRow(field: "time", detail: "\"\(text)\" is not a time")
        }
        return date
    }

    private static var style: Date.ISO8601FormatStyle { Date.ISO8601FormatStyle(includingFractionalSeconds: true) }
}
