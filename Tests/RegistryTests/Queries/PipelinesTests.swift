import BinaryIO
import GRDB
import Registry
import TestSupport
import Testing

/// What pipelines were when they ran.
@Suite struct PipelinesTests {
    private let scratch: Scratch
    private let record = PipelineRecord(
        digest: BinaryIO.SHA256Digest(of: "definition".utf8),
        folder: "/work",
        file: "tiny.yaml",
        text: "pipeline: tiny\n# täxt\n",
        imported: [.init(path: "/work/common.yaml", text: "vars: {}")],
        overrides: ["version=1.0.1"],
        environment: ["RELEASE": "1"],
        model: "mini"
    )

    init() throws { scratch = try Scratch() }

    @Test func theyAreKeptOnceAndWhereTheyLastRan() throws {
        let registry = try scratch.registry()
        #expect(try registry.pipeline(record.digest) == nil)
        try registry.record(record)
        try registry.record(record)
        #expect(try registry.pipeline(record.digest) == record)
        var moved = record
        moved.folder = "/elsewhere"
        try registry.record(moved)
        #expect(try registry.pipeline(record.digest) == moved)
        #expect(try registry.verify(readData: false).isSound)
    }

    @Test func anEditedTextIsDamage() throws {
        let registry = try scratch.registry()
        try registry.record(record)
        try registry.inspectWriter { database in
            try database.execute(sql: "UPDATE pipeline SET document = replace(document, 'tiny', 'tony')")
        }
        let damages = try registry.verify(readData: false).damages.map(\.detail)
        #expect(damages.contains { $0.contains("rows of pipeline are not what edgepipe wrote") }, "\(damages)")
        try registry.inspectWriter { try $0.execute(sql: "UPDATE pipeline SET document = '{}'") }
        #expect(throws: RegistryError.self) { try registry.pipeline(record.digest) }
    }

    /// A registry from before migration 13 is read as it is, and gets the table once somebody writes.
    @Test func anOlderRegistryKnowsNone() throws {
        var registry = try scratch.registry()
        try registry.inspectWriter {
            try $0.execute(sql: "DROP TABLE pipeline; DELETE FROM grdb_migrations WHERE identifier LIKE '13 %'")
        }
        try registry.close()
        registry = try scratch.registry(.readOnly)
        #expect(try registry.pipeline(record.digest) == nil && registry.verify(readData: false).isSound)
        try registry.close()
        registry = try scratch.registry(.openExisting)
        try registry.record(record)
        #expect(try registry.pipeline(record.digest) == record)
    }
}
