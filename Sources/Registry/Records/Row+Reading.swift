import GRDB

extension Row {
    /// Reads a column by its index, for loops over very many rows; otherwise like `value(_:as:)`.
    func value<Value: DatabaseValueConvertible>(at index: Int, as _: Value.Type = Value.self) throws -> Value {
        let stored: DatabaseValue = self[index]
        guard let value = Value.fromDatabaseValue(stored) else {
            throw RegistryError.damagedRow(
                field: "column \(index)",
                detail: "the database holds \(stored), which no edgepipe writes"
            )
        }
        return value
    }

    /// Reads a column as the requested type.
    ///
    /// GRDB's own subscripts end the process if a column is missing or holds another type. A registry's file may be
    /// untrusted, so here that is an error.
    /// - Throws: `RegistryError.damagedRow`.
    func value<Value: DatabaseValueConvertible>(_ column: String, as _: Value.Type = Value.self) throws -> Value {
        let stored: DatabaseValue = self[column] ?? .null
        guard let value = Value.fromDatabaseValue(stored) else {
            throw RegistryError.damagedRow(
                field: column,
                detail: "the database holds \(stored), which no edgepipe writes"
            )
        }
        return value
    }
}
