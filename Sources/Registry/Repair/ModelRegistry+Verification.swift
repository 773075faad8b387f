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
    /// Checks the database, its references, the audit log's chain, every row against what was written, and that every
    /// published build is there.
    /// - Parameters:
    ///   - readData: also decompress and hash every object; without it only sizes are compared.
    ///   - progress: told how many objects of how many are checked.
    /// - Throws: only where the check itself cannot go on; damage is reported, all of it.
    public func verify(readData: Bool, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> VerificationReport {
        var report = VerificationReport()
        let (inspection, marked) = try look { database in
            report.damages = Self.damages(in: database)
            let inspection = Inspection(of: database)
            report.damages += inspection.damages
            // Where even this cannot be read, the checks above have said so.
            return (inspection, (try? Self.marks(in: database, names: inspection.names, &report)) ?? [])
        }
        let names = inspection.names
        if let absence = store.absence, !inspection.objects.isEmpty {
            // One sentence for all of them.
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
                // Reading it names what is wrong, and ends at the size.
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

    /// Builds that a repair marked as lost: a query refuses them until the mark is taken away.
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

    /// Takes the marks of lost builds away whose bytes are whole again.
    /// - Precondition: they were read just now.
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

    /// What nothing published needs. Where the rows cannot tell what is needed, nothing is named.
    private func foundLeftovers(_ report: inout VerificationReport) throws -> [VerificationReport.Leftover] {
        do {
            return try leftovers(needed: look(neededPaths)).map(\.leftover)
        } catch let error as RegistryError where error.isDamage {
            return []
        }
    }

    /// Removes what killed processes left behind. Published builds are never touched.
    ///
    /// It runs inside the writing transaction: a publisher that stored one of these objects a moment ago either has its
    /// row already, so that the object is no leftover, or finds it missing before it writes a row.
    /// - Parameter age: leave alone what was written less than this many seconds ago; another process may be at it.
    @discardableResult
    public func collectLeftovers(olderThan age: Double = 3600, dryRun: Bool) throws -> [VerificationReport.Leftover] {
        // A look needs no leave to write.
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

    /// What SQLite finds, references that lead nowhere, and where the audit log was changed. A check that cannot go on is
    /// damage too, and the others go on.
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
                // A file that another process has just removed is no leftover any more.
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

    /// What a folder holds; nothing where it does not exist yet.
    private static func contents(of folder: FilePath) throws -> [FilePath] {
        guard access(folder.string, F_OK) == 0, !isFile(folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.string).sorted().map(folder.appending)
    }

    private static func isFile(_ path: FilePath) -> Bool { ObjectStore.size(of: path) != nil }
}
