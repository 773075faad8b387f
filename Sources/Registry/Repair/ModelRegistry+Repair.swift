import BinaryIO
import Foundation
import GRDB
import SystemPackage

extension ModelRegistry {
    /// Finds everything that is damaged, and repairs what can be repaired.
    ///
    /// Derived data is built again: indices and standings. Every part of every pack is read; intact parts of a damaged
    /// pack move to a new pack, and the others are taken from the sources by digest. The rows of a published build are
    /// never deleted: if its bytes are lost, the build is marked, and queries still find its metadata but it cannot be
    /// pulled. Damaged files are moved to `quarantine`, not deleted. Each file is repaired on its own, so an
    /// interrupted repair can be run again.
    /// - Parameters:
    ///   - sources: where intact bytes may be found.
    ///   - applies: whether to repair; false only reports.
    ///   - progress: called with the number of files read and the total.
    public func repair(
        from sources: [RepairSource] = [],
        applies: Bool,
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> RepairReport {
        // If the folder is only unmounted, nothing is lost and nothing must be marked.
        if applies { try checkObjects() }
        var report = RepairReport(isDone: applies)
        try repairDatabase(&report, applies)
        let buffers = (0..<2).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: PartCut.longestAccepted, alignment: 64)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        var run = try RepairRun(registry: self, sources: sources, applies: applies, buffers: buffers)
        let (objects, packs) = try look { database in
            (
                try Rows.neededObjects(database),
                try Rows.packs(database)
            )
        }
        let files = objects.filter { $0.encoding != .parts }
        for (index, object) in files.enumerated() {
            try run.repair(object)
            try progress(index + 1, files.count + packs.count)
        }
        for (index, pack) in packs.enumerated() {
            try run.repair(pack)
            try progress(files.count + index + 1, files.count + packs.count)
        }
        try run.checkLists(of: objects.filter { $0.encoding == .parts })
        try finish(&report, run, applies)
        return report
    }

    private func repairDatabase(_ report: inout RepairReport, _ applies: Bool) throws {
        report.database = try look(Self.complaints)
        guard applies else {
            // Indices are built again from tables; damage to the tables or to the audit log remains.
            report.databaseLeft = report.database.filter { !$0.contains(" index ") }
            return
        }
        if !report.database.isEmpty {
            // An index that cannot be built again, because the rows break its rule, remains a complaint.
            try? change { try $0.execute(sql: "REINDEX") }
        }
        report.databaseLeft = report.database.isEmpty ? [] : try look(Self.complaints)
    }

    private static func complaints(_ database: Database) throws -> [String] {
        damages(in: database).map(\.detail)
    }

    /// Marks the lost builds, clears old marks, and describes both in words.
    private func finish(_ report: inout RepairReport, _ run: RepairRun, _ applies: Bool) throws {
        let names = try look { database in
            Dictionary(
                grouping: try Row.fetchAll(database, sql: Rows.offeredBuilds(database)).map(Rows.build),
                by: \.digest
            ).mapValues { $0.map(\.name) }
        }
        func items(_ findings: [SHA256Digest: RepairRun.Finding]) -> [RepairReport.Item] {
            findings.map { digest, finding in
                RepairReport.Item(
                    builds: names[digest] ?? [],
                    sha256: digest,
                    bytes: finding.bytes,
                    detail: finding.detail
                )
            }.sorted { "\($0.sha256)" < "\($1.sha256)" }
        }
        report.saved = items(run.saved.filter { run.lost[$0.key] == nil })
        report.lost = items(run.lost)
        report.quarantined = run.quarantined
        report.forgottenParts = try look(forgettable).count
        guard applies else { return }
        let lost = report.lost
        try change { database in
            let parts = try forgettable(database)
            try Seals.keeping(Set(parts.map { .pack($0.pack) }), database) {
                for part in parts {
                    try database.execute(sql: "DELETE FROM part WHERE id = ?", arguments: [part.id])
                }
            }
            try database.execute(sql: "DELETE FROM damage")
            for item in lost {
                try database.execute(
                    sql: "INSERT INTO damage (objectDigest, detail, createdAt) VALUES (?, ?, ?)",
                    arguments: [item.sha256.description, item.detail, Timestamp.now]
                )
            }
            // Everything was just checked.
            try Seals.put(.damages, database)
            try database.execute(sql: Schema.refillStandings)
            try database.execute(sql: Schema.refillNarrowStandings)
            try database.execute(sql: Schema.fillShapeBounds)
            guard !report.database.isEmpty || !report.saved.isEmpty || !lost.isEmpty else { return }
            let detail = try CanonicalJSON.encode([
                "saved": report.saved.map(\.sha256.description), "lost": lost.map(\.sha256.description),
                "database": report.database,
            ])
            try AuditLog.append(
                "repair",
                subject: path.lastComponent?.string ?? "registry",
                detail: detail,
                to: database
            )
        }
    }

    /// Parts that no object uses and whose pack is missing.
    private func forgettable(_ database: Database) throws -> [(id: Int64, pack: String)] {
        guard try database.tableExists("part") else { return [] }
        return try Row.fetchAll(
            database,
            sql: """
                SELECT part.id, part.digest FROM part
                WHERE NOT EXISTS (SELECT 1 FROM assemblyPart WHERE assemblyPart.partId = part.id)
                """
        ).compactMap { row in
            let part = try Rows.part(Rows.digest(row.value("digest")), database)
            guard let part, try !store.hasRightSize(part.pack) else { return nil }
            return (try row.value("id"), "\(part.pack.name)")
        }
    }
}
