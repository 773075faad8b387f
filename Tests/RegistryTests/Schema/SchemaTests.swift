import GRDB
import Registry
import Testing

@Suite struct SchemaTests {
    @Test func everyTableIsStrict() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        try registry.inspectWriter { database in
            let loose = try String.fetchAll(
                database,
                sql: """
                    SELECT name FROM pragma_table_list
                    WHERE schema = 'main' AND type = 'table' AND strict = 0
                        AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'grdb_%'
                    """
            )
            #expect(loose.isEmpty)
        }
    }

    /// Every statement that would change what is published, run as any SQLite client could run it.
    @Test(arguments: [
        "UPDATE build SET digest = (SELECT digest FROM object LIMIT 1)", "UPDATE build SET license = 'other'",
        "DELETE FROM build", "UPDATE version SET name = '9.9.9'", "DELETE FROM version", "UPDATE model SET name = 'x'",
        "DELETE FROM model", "UPDATE object SET rawBytes = 1", "DELETE FROM object", "UPDATE measurement SET value = 0",
        "DELETE FROM measurement", "UPDATE audit SET action = 'x'", "DELETE FROM audit", "DELETE FROM channelMove",
    ])
    func publishedRowsCannotBeChanged(_ statement: String) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        var publication = try publication(scratch.file("a.gguf"), channel: "stable")
        publication.builds[0].measurements = [someMeasurement]
        try registry.publish(publication)
        let error = refusal { try registry.inspectWriter { try $0.execute(sql: statement) } }
        #expect(error?.description.contains("never changed or removed") == true, "\(error as Any)")
    }

    @Test(arguments: [
        "INSERT INTO model (name, createdAt) VALUES ('../x', '')",
        "INSERT INTO model (name, createdAt) VALUES ('a/b', '')",
        "INSERT INTO model (name, createdAt) VALUES ('', '')",
        "INSERT INTO object VALUES ('../../etc/passwd', 'raw', 1, 1, '')",
        "INSERT INTO object VALUES ('\(String(repeating: "A", count: 64))', 'raw', 1, 1, '')",
        "INSERT INTO object VALUES ('\(String(repeating: "a", count: 64))', 'tar', 1, 1, '')",
        "INSERT INTO object VALUES ('\(String(repeating: "a", count: 64))', 'raw', 0, 1, '')",
        "INSERT INTO stepRecord VALUES ('\(String(repeating: "a", count: 64))', 'k', '1', '', 1, '')",
    ])
    func rowsThatBreakTheGrammarAreRefused(_ statement: String) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        #expect(refusal { try registry.inspectWriter { try $0.execute(sql: statement) } } != nil)
    }
}
