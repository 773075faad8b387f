import BinaryIO
import Crypto
import Foundation
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

/// A registry whose rows another program edits: `verify` names every edit.
@Suite struct EditedRowsTests {
    /// A row of every table, as commands write them.
    private func fill(_ scratch: Scratch) throws {
        let registry = try scratch.registry()
        var first = try publication(scratch.file("a", count: 40_000), channel: "stable")
        var device = someMeasurement
        device.metric = "decodeSpeed"
        device.conditions = ["device": "pixel-8"]
        var bits = someMeasurement
        bits.metric = "bitsPerByte"
        first.builds[0].measurements = [someMeasurement, bits, device]
        first.builds[0].fits = [someFit]
        first.builds[0].tensorErrors = [someTensorErrors]
        first.builds[0].recipes = [someRecipe]
        first.builds[0].cuts = [PartCut(offset: 10_000), PartCut(offset: 20_000)]
        let source = BinaryIO.SHA256Digest(of: "source".utf8)
        let build = try registry.publish(first)[0].record
        var second = try publication(scratch.file("b", count: 30_000, seed: 2), version: "1.1.0", channel: "stable")
        second.lineage = [LineageEdge(from: source, stepKind: "quantize", to: build.digest, optionsDigest: source)]
        try registry.publish(second)
        try registry.publish(publication(scratch.file("c", count: 20_000, seed: 3), version: "1.2.0"))
        try registry.withdraw(
            version("1.2.0"),
            of: "tiny",
            because: MoveReason(who: "ada", why: "a test"),
            dryRun: false
        )
        _ = try registry.sign(build.name, with: SigningKey(pem: P256.Signing.PrivateKey().pemRepresentation))
        try registry.record(
            SensitivityRecord(
                modelDigest: source,
                buildDigest: build.digest,
                textDigest: source,
                types: "q4_0",
                context: 512,
                chunks: 2,
                kernels: "swift",
                toolVersion: "0.1.0",
                payload: "{}"
            )
        )
        try registry.record(
            StepRecord(
                key: source,
                stepKind: "convert",
                implementationVersion: "1",
                outputs: "{}",
                seconds: 1,
                finishedAt: Date()
            )
        )
        try registry.record(
            RunRecord(
                id: "run",
                pipeline: "tiny",
                pipelineDigest: source,
                toolVersion: "0.1.0",
                status: .running,
                startedAt: Date()
            )
        )
        try registry.record(
            PipelineRecord(
                digest: source,
                folder: "/work",
                file: "tiny.yaml",
                text: "pipeline: tiny",
                imported: [],
                overrides: [],
                environment: [:],
                model: nil
            )
        )
        try registry.close()
    }

    /// Opens the file as any SQLite client may: without the registry's triggers, rules and references.
    private func edit(_ path: FilePath, _ body: (Database) throws -> Void) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: path.string, configuration: configuration)
        try queue.writeWithoutTransaction { database in
            let triggers = try Row.fetchAll(database, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            for row in triggers { try database.execute(sql: "DROP TRIGGER \(row["name"] as String)") }
            try database.execute(sql: "PRAGMA ignore_check_constraints = ON")
            try body(database)
            for row in triggers { try database.execute(sql: row["sql"] as String) }
        }
        try queue.close()
    }

    private func verified(_ scratch: Scratch) throws -> VerificationReport {
        let registry = try ModelRegistry(path: scratch.database, mode: .readOnly, checksDatabase: false)
        defer { try? registry.close() }
        return try registry.verify(readData: false)
    }

    /// Columns whose edit is no damage: which migrations were made is no fact, and a name that is unknown is refused when
    /// the file is opened. Bounds of a shape's sizes may be wider than they need be, and are named where a build lies outside.
    private static let harmless = ["grdb_migrations.identifier", "shape.leastBytes", "shape.mostBytes"]

    /// Values of the column's own type, so that only a comparison with what was written can tell.
    private static let edits: [String: [String]] = [
        "TEXT": ["upper(COL) || 'x'", "'x'", "''", "x'00ff'", "NULL"],
        "INTEGER": ["COL + 1", "0", "-1", "9223372036854775807", "NULL"],
        "REAL": ["COL + 1", "COL * 1.0000001", "-1.0", "9e999", "NULL"],
    ]

    @Test func everyEditOfEveryColumnIsNamed() throws {
        let original = try Scratch()
        try fill(original)
        #expect(try verified(original).damages.map(\.detail) == [])
        let columns = try columns(of: original)
        #expect(columns.count > 140)
        let (work, bytes) = (try Scratch(), try contents(of: original.database))
        try FileManager.default.copyItem(atPath: original.objects.string, toPath: work.objects.string)
        var unseen: [String] = []
        var (edited, kinds) = (0, Set<VerificationReport.Damage.Kind>())
        for (table, column, type) in columns where !Self.harmless.contains("\(table).\(column)") {
            for value in Self.edits[type] ?? [] {
                try writeFile(bytes, to: work.database)
                for suffix in ["-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: work.database.string + suffix)
                }
                let expression = value.replacingOccurrences(of: "COL", with: column)
                var changes = 0
                // A rule of the table may refuse the value; such an edit did not happen.
                try edit(work.database) { database in
                    let row = "rowid = (SELECT min(rowid) FROM \(table))"
                    let isKeyed = (try? Row.fetchOne(database, sql: "SELECT rowid FROM \(table)")) != nil
                    try? database.execute(
                        sql: "UPDATE \(table) SET \(column) = \(expression)" + (isKeyed ? " WHERE \(row)" : "")
                            + (isKeyed ? " AND " : " WHERE ") + "\(column) IS NOT \(expression)"
                    )
                    changes = database.changesCount
                }
                guard changes > 0, try contents(of: work.database) != bytes else { continue }
                edited += 1
                let report = try verified(work)
                if report.isSound { unseen.append("\(table).\(column) = \(value)") }
                kinds.formUnion(report.damages.map(\.kind))
            }
        }
        print("\(edited) edited registries, \(unseen.count) undetected")
        #expect(unseen == [])
        #expect(edited > 300)
        #expect(kinds.contains(.fact))
    }

    private func columns(of scratch: Scratch) throws -> [(table: String, column: String, type: String)] {
        let queue = try DatabaseQueue(path: scratch.database.string)
        defer { try? queue.close() }
        return try queue.read { database in
            let tables = try String.fetchAll(database, sql: "SELECT name FROM sqlite_schema WHERE type = 'table'")
            return try tables.flatMap { table in
                try database.columns(in: table).map {
                    (table, $0.name, $0.type.isEmpty ? "TEXT" : $0.type.uppercased())
                }
            }
        }
    }

    /// Rows that are gone, and rows that nobody published.
    /// Sizes and places decide what memory is used and where files are read: whatever they say, a repair goes on.
    @Test(
        arguments: ["part", "pack", "assemblyPart", "object"],
        ["-1", "0", "COL + 1", "1 << 40", "9223372036854775807"]
    )
    func aRepairTakesNoNumberOnTrust(_ table: String, _ value: String) throws {
        let work = try Scratch()
        try fill(work)
        for (_, column, _) in try columns(of: work).filter({ $0.table == table && $0.type == "INTEGER" }) {
            let copy = try Scratch()
            try writeFile(try contents(of: work.database), to: copy.database)
            try FileManager.default.copyItem(atPath: work.objects.string, toPath: copy.objects.string)
            try edit(copy.database) { database in
                try? database.execute(
                    sql: "UPDATE \(table) SET \(column) = \(value.replacingOccurrences(of: "COL", with: column))"
                )
            }
            for applies in [false, true] {
                guard let registry = try? ModelRegistry(path: copy.database, mode: .openExisting, checksDatabase: false)
                else { continue }
                _ = try? registry.repair(applies: applies)
                _ = try? registry.verify(readData: true)
                try? registry.close()
            }
        }
    }

    @Test func everyRowThatIsGoneIsNamed() throws {
        let original = try Scratch()
        try fill(original)
        let (work, bytes) = (try Scratch(), try contents(of: original.database))
        try FileManager.default.copyItem(atPath: original.objects.string, toPath: work.objects.string)
        for table in Set(try columns(of: original).map(\.table)).subtracting(["grdb_migrations"]) {
            try writeFile(bytes, to: work.database)
            for suffix in ["-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: work.database.string + suffix)
            }
            var changes = 0
            try edit(work.database) {
                try $0.execute(sql: "DELETE FROM \(table)")
                changes = $0.changesCount
            }
            guard changes > 0 else { continue }
            #expect(try !verified(work).isSound, "all rows of \(table) are gone")
        }
    }

    @Test func theNameOfTheBuildAndTheTableAreInTheWords() throws {
        let scratch = try Scratch()
        try fill(scratch)
        try edit(scratch.database) { database in
            try database.execute(
                sql: """
                    UPDATE build SET license = 'apache-2.0' WHERE id = 1;
                    UPDATE fit SET decodeTokensPerSecond = 99;
                    UPDATE measurement SET value = 1 WHERE id = 1
                    """
            )
        }
        let damages = try verified(scratch).damages
        #expect(
            damages.contains {
                $0.detail.contains("tiny@1.0.0:q4_k_m") && $0.detail.contains("build, fit, measurement")
            }
        )
        #expect(damages.contains { $0.detail.contains("measurement 1: ") && $0.detail.contains("fingerprint") })
        #expect(damages.filter { $0.kind == .fact }.contains { $0.builds.map(\.description) == ["tiny@1.0.0:q4_k_m"] })
    }

    /// What the registry itself writes later beside an edited row does not make the edit good.
    @Test func aLaterChangeDoesNotHideAnEdit() throws {
        let scratch = try Scratch()
        try fill(scratch)
        try edit(scratch.database) { try $0.execute(sql: "UPDATE build SET license = 'other' WHERE id = 1") }
        let registry = try scratch.registry(.openExisting)
        var fit = someFit
        fit.device = "pixel-9"
        var again = try publication(scratch.folder.appending("a"))
        again.builds[0].fits = [fit]
        try registry.publish(again)
        try registry.record([someMeasurement], of: BuildName("tiny@1.0.0:q4_k_m"))
        #expect(try registry.verify(readData: true).damages.contains { $0.detail.contains("rows of build") })
    }

    /// A row that cannot be read at all is one damage among others, and the rest is still checked.
    @Test func aRowThatCannotBeReadDoesNotStopTheCheck() throws {
        let scratch = try Scratch()
        try fill(scratch)
        try edit(scratch.database) { database in
            try database.execute(
                sql: """
                    UPDATE build SET createdAt = 'yesterday', type = '../x' WHERE id = 2;
                    UPDATE measurement SET conditions = '{' WHERE id = 1;
                    UPDATE part SET encoding = 'tar' WHERE id = 1;
                    UPDATE object SET encoding = 'tar' WHERE digest = (SELECT digest FROM build WHERE id = 2)
                    """
            )
        }
        let packs = scratch.objects.appending("packs").string
        for name in try FileManager.default.subpathsOfDirectory(atPath: packs) where name.hasSuffix(".pack") {
            try FileManager.default.removeItem(atPath: packs + "/" + name)
        }
        let registry = try ModelRegistry(path: scratch.database, mode: .readOnly, checksDatabase: false)
        for report in [
            try registry.verify(readData: true), try registry.verify(readData: false),
            try registry.verify(sample: VerificationSample(percent: 100)),
        ] {
            let text = report.damages.map(\.detail).joined(separator: "\n")
            for words in ["build, digest", "measurement, id 1", "part, digest", "object, digest", "cannot be read"] {
                #expect(text.contains(words), "\(words) is not in \(text)")
            }
            #expect(report.damages.contains { $0.kind == .object }, "the missing pack is found all the same")
        }
        let refusal = refusal { _ = try registry.builds() }
        #expect(refusal?.isDamage == true && refusal?.description.contains("registry verify") == true)
    }
}
