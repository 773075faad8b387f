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
    /// Checks the database, its references, the diary's chain, and that every published build is there.
    /// - Parameters:
    ///   - readData: also decompress and hash every object; without it only sizes are compared.
    ///   - progress: told how many objects of how many are checked.
    /// - Throws: only where the check itself cannot go on; damage is reported, all of it.
    public func verify(readData: Bool, progress: (Int, Int) throws -> Void = { _, _ in }) throws -> VerificationReport {
        var report = VerificationReport()
        let (objects, builds) = try look { database in
            report.damages += try Self.damages(in: database)
            let objects = try Rows.neededObjects(database)
            let builds = try Row.fetchAll(database, sql: Rows.offeredBuilds(database)).map { try Rows.build($0) }
            return (objects, Dictionary(grouping: builds, by: \.digest).mapValues { $0.map(\.name) })
        }
        for (index, object) in objects.enumerated() {
            do {
                if readData {
                    try read(object, advance: { report.readBytes += $0 }, { _, _ in })
                } else if try !look({ try store.isThere(object, $0) }) {
                    // Reading it names what is wrong, and ends at the size.
                    try read(object, { _, _ in })
                }
            } catch let error as RegistryError {
                report.damages.append(
                    .init(kind: .object, builds: builds[object.digest] ?? [], detail: error.description)
                )
            } catch let error as FileError {
                report.damages.append(
                    .init(kind: .object, builds: builds[object.digest] ?? [], detail: error.description)
                )
            }
            report.checkedObjects += 1
            try progress(index + 1, objects.count)
        }
        report.leftovers = try leftovers(needed: look(neededPaths)).map(\.leftover)
        return report
    }

    /// Removes what killed processes left behind. Published builds are never touched.
    ///
    /// It runs inside the writing transaction: a publisher that stored one of these objects a moment ago either has its
    /// row already, so that the object is no leftover, or finds it missing before it writes a row.
    /// - Parameter age: leave alone what was written less than this many seconds ago; another process may be at it.
    @discardableResult
    public func collectLeftovers(olderThan age: Double = 3600, dryRun: Bool) throws -> [VerificationReport.Leftover] {
        try change { database in
            let found = try leftovers(needed: neededPaths(database)).filter { $0.age >= age }
            for entry in found where !dryRun {
                guard unlink(entry.leftover.path) == 0 else {
                    throw FileError("remove", FilePath(entry.leftover.path), errno: Errno(rawValue: errno))
                }
            }
            return found.map(\.leftover)
        }
    }

    static func damages(in database: Database) throws -> [VerificationReport.Damage] {
        let remedy = "Restore the database from a backup."
        var damages = try String.fetchAll(database, sql: "PRAGMA integrity_check")
            .filter { $0 != "ok" }
            .map { VerificationReport.Damage(kind: .database, builds: [], detail: "\($0). \(remedy)") }
        damages += try Row.fetchAll(database, sql: "PRAGMA foreign_key_check").map { row in
            let table: String = try row.value("table")
            let parent: String = try row.value("parent")
            let detail = "a row of \(table) refers to a row of \(parent) that does not exist. \(remedy)"
            return VerificationReport.Damage(kind: .foreignKey, builds: [], detail: detail)
        }
        if let line = try AuditLog.firstBrokenLine(in: database) {
            let detail = "the diary was changed at line \(line): what follows cannot be trusted. Compare with a backup."
            damages.append(.init(kind: .auditChain, builds: [], detail: detail))
        }
        return damages
    }

    private struct Entry {
        let leftover: VerificationReport.Leftover
        /// Seconds since the file was last written.
        let age: Double
    }

    /// Every file that an offered build needs.
    private func neededPaths(_ database: Database) throws -> Set<String> {
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
