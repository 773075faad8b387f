import GRDB

extension Row {
    /// The same by the column's place, for loops over very many rows.
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

    /// The value of a column as the type that is asked for.
    ///
    /// GRDB's own subscripts end the process where a column is missing or holds another type, and a registry's file may come
    /// from anywhere: here that is an error.
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
