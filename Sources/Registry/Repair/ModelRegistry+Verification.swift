import BinaryIO
import Foundation
import GRDB
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

extension ModelRegistry {
    /// Checks the database, its references, the audit log's chain, every row against what was written, and that the
    /// bytes of every published build exist.
    /// - Parameters:
    ///   - readData: whether to also decompress and hash every object; otherwise only sizes are compared.
    ///   - progress: called with the number of objects checked and the total.
    /// - Throws: only if the check itself cannot continue; all damage is reported.
    public func verify(readData: Bool, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> VerificationReport {
        var report = VerificationReport()
        let (inspection, marked) = try look { database in
            report.damages = Self.damages(in: database)
            let inspection = Inspection(of: database)
            report.damages += inspection.damages
            // If even this cannot be read, the checks above have reported it.
            return (inspection, (try? Self.marks(in: database, names: inspection.names, &report)) ?? [])
        }
        let names = inspection.names
        if let absence = store.absence, !inspection.objects.isEmpty {
            // One message for all of them.
            let all = names.values.flatMap { $0 }.sorted { "\($0)" < "\($1)" }
            report.damages.append(.init(kind: .object, builds: all, detail: absence.description))
            return report
        }
        for (index, object) in inspection.objects.enumerated() {
            let isWhole = try check(object, named: names[object.digest] ?? [], readData: readData, &report)
            if isWhole, readData, marked.contains(object.digest) { report.returned.append(object.digest) }
            report.checkedObjects += 1
            try progress(index + 1, inspection.objects.count)
        }
        report.leftovers = try foundLeftovers(&report)
        return report
    }

    private func check(
        _ object: StoredObject,
        named builds: [BuildName],
        readData: Bool,
        _ report: inout VerificationReport
    ) throws -> Bool {
        do {
            if readData {
                try read(object, advance: { report.readBytes += $0 }, { _, _ in })
            } else if try !look({ try store.isThere(object, $0) }) {
                // Reading the object reports what is wrong, and stops at the size.
                try read(object, { _, _ in })
            }
            return true
        } catch let error as RegistryError {
            report.damages.append(.init(kind: .object, builds: builds, detail: error.description))
        } catch let error as FileError {
            report.damages.append(.init(kind: .object, builds: builds, detail: error.description))
        }
        return false
    }

    /// The builds that a repair marked as lost: queries reject them until the mark is removed.
    private static func marks(
        in database: Database,
        names: [SHA256Digest: [BuildName]],
        _ report: inout VerificationReport
    ) throws -> Set<SHA256Digest> {
        guard try database.tableExists("damage") else { return [] }
        var marked: Set<SHA256Digest> = []
        for row in try Row.fetchAll(database, sql: "SELECT * FROM damage ORDER BY objectDigest") {
            guard let digest = try? Rows.digest(row.value("objectDigest")) else { continue }
            marked.insert(digest)
            let since: String = (try? row.value("createdAt")) ?? "some time"
            let what: String = (try? row.value("detail")) ?? "no reason is recorded"
            let detail =
                "\(digest.short) is marked as lost since \(since): \(what) Where its bytes are back, "
                + "\(command: "registry repair", "apply") or \(command: "registry verify", "read-data") takes the mark away."
            report.damages.append(
                .init(kind: .lost, builds: names[digest] ?? [], detail: detail, objects: [digest])
            )
        }
        return marked
    }

    /// Removes the marks of lost builds whose bytes are intact again.
    /// - Precondition: the caller has just read and verified the bytes.
    public func forgetDamage(of digests: [SHA256Digest]) throws {
        try sealing([.damages]) { database in
            for digest in digests {
                try Rows.forgetDamage(of: digest, database)
                try Rows.place(digest, database)
            }
            let detail = try CanonicalJSON.encode(["returned": digests.map(\.description)])
            try AuditLog.append("verify", subject: location.lastComponent?.string ?? "", detail: detail, to: database)
        }
    }

    /// The files that nothing published needs. If the rows cannot be read, no file is listed.
    private func foundLeftovers(_ report: inout VerificationReport) throws -> [VerificationReport.Leftover] {
        do {
            return try leftovers(needed: look(neededPaths)).map(\.leftover)
        } catch let error as RegistryError where error.isDamage {
            return []
        }
    }

    /// Removes what killed processes left behind. Published builds are never touched.
    ///
    /// It runs inside the writing transaction: a publisher that has just stored one of these objects either has its row
    /// already, so that the object is in use, or finds the object missing before it writes a row.
    /// - Parameter age: keep files written less than this many seconds ago; another process may still be writing them.
    @discardableResult
    public func collectLeftovers(olderThan age: Double = 3600, dryRun: Bool) throws -> [VerificationReport.Leftover] {
        // A dry run needs no write permission.
        if dryRun {
            return try leftovers(needed: look(neededPaths)).filter { $0.age >= age }.map(\.leftover)
                + collectTier(dryRun: true)
        }
        let local = try change { database in
            let found = try leftovers(needed: neededPaths(database)).filter { $0.age >= age }
            for entry in found {
                guard unlink(entry.leftover.path) == 0 else {
                    throw FileError("remove", FilePath(entry.leftover.path), errno: Errno(rawValue: errno))
                }
            }
            return found.map(\.leftover)
        }
        return try local + collectTier(dryRun: false)
    }

    /// Reports what SQLite finds, dangling references, and changes to the audit log. A check that fails counts as
    /// damage, and the others still run.
    static func damages(in database: Database) -> [VerificationReport.Damage] {
        let remedy = "Restore the database from a backup."
        var damages: [VerificationReport.Damage] = []
        func check(_ kind: VerificationReport.Damage.Kind, _ body: () throws -> [String]) {
            do {
                damages += try body().map { .init(kind: kind, builds: [], detail: $0) }
            } catch {
                damages.append(.init(kind: kind, builds: [], detail: "\(error). \(remedy)"))
            }
        }
        check(.database) {
            try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
                .map { "\($0). \(remedy)" }
        }
        check(.foreignKey) {
            try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { row in
                let table: String = try row.value("table")
                let parent: String = try row.value("parent")
                return "a row of \(table) refers to a row of \(parent) that does not exist. \(remedy)"
            }
        }
        check(.auditChain) {
            try AuditLog.firstBrokenLine(in: database).map {
                ["the audit log was changed at line \($0): what follows cannot be trusted. Compare with a backup."]
            } ?? []
        }
        return damages
    }

    private struct Entry {
        let leftover: VerificationReport.Leftover
        /// Seconds since the file was last written.
        let age: Double
    }

    /// Every file that an offered build needs.
    func neededPaths(_ database: Database) throws -> Set<String> {
        let objects = try Rows.neededObjects(database)
        let files = objects.filter { $0.encoding != .parts }.map { store.path(of: $0) }
        return Set((files + (try Rows.packs(database)).map { store.path(of: $0.name) }).map(\.string))
    }

    private func leftovers(needed: Set<String>) throws -> [Entry] {
        var entries: [Entry] = []
        for folder in try [store.incoming] + Self.contents(of: store.objects) + Self.contents(of: store.packs) {
            let kind: VerificationReport.Leftover.Kind = folder == store.incoming ? .temporaryFile : .orphanObject
            for path in try Self.contents(of: folder) where !needed.contains(path.string) {
                var status = stat()
                // Another process has just removed the file, so there is nothing left to collect.
                guard lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
                #if canImport(Darwin)
                    let written = Double(status.st_mtimespec.tv_sec)
                #else
                    let written = Double(status.st_mtim.tv_sec)
                #endif
                entries.append(
                    Entry(
                        leftover: .init(kind: kind, path: path.string, bytes: Int(status.st_size)),
                        age: max(0, Date().timeIntervalSince1970 - written)
                    )
                )
            }
        }
        return entries.sorted { $0.leftover.path < $1.leftover.path }
    }

    /// The contents of a folder; empty if it does not exist yet.
    private static func contents(of folder: FilePath) throws -> [FilePath] {
        guard access(folder.string, F_OK) == 0, !isFile(folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted().map(folder.appending)
    }

    private static func isFile(_ path: FilePath) -> Bool { ObjectStore.size(of: path) != nil }
}
