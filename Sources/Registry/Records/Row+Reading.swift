import GRDB

extension Row {
    /// Reads a column by its index, for loops over very many rows; otherwise like `value(_:as:)`.
    func value<Value: DatabaseValueConvertible>(at index: Int, as _: Value.Type = Value.self) throws -> Value {
        try Self.read(self[index], "column \(index)")
    }

    /// Reads a column as the requested type.
    ///
    /// GRDB's own subscripts end the process if a column is missing or holds another type. A registry's file may be
    /// untrusted, so here that is an error.
    /// - Throws: `RegistryError.damagedRow`.
    func value<Value: DatabaseValueConvertible>(_ column: String, as _: Value.Type = Value.self) throws -> Value {
        try Self.read(self[column], column)
    }

    private static func read<Value: DatabaseValueConvertible>(
        _ stored: (any DatabaseValueConvertible)?,
        _ field: @autoclosure () -> String
    ) throws -> Value {
        // SQLite's own types need no conversion, which takes several times as long as the cast.
        if let value = stored as? Value { return value }
        let stored = stored?.databaseValue ?? .null
        guard let value = Value.fromDatabaseValue(stored) else {
            throw RegistryError.damagedRow(
                field: field(),
                detail: "the database holds \(stored), which no edgepipe writes"
            )
        }
        return value
    }
}
