import GRDB

/// What the builds of a registry take, as it is and not as it was hoped.
public struct StorageReport: Codable, Hashable, Sendable {
    /// How many are offered.
    public var builds: Int
    /// The sum of the builds' files.
    public var fileBytes: Int
    /// The same, with files that are published under several names counted once.
    public var distinctBytes: Int
    /// What lies on the disk for them.
    public var storedBytes: Int
    /// Parts on the disk.
    public var parts: Int
    /// How often the builds use parts; more than `parts` where some are shared.
    public var partUses: Int
    /// Where the files are kept in object storage; nil where all of them are on the disk.
    public var tier: String?
    /// Where there is a tier: what of the files is on the disk too, in bytes.
    public var localBytes: Int?
    /// What compression must save of a part for the part to be kept compressed, in percent.
    public var compressedFromPercent: Double

    /// Bytes of files for each byte on the disk.
    public var ratio: Double { storedBytes == 0 ? 1 : Double(fileBytes) / Double(storedBytes) }
}

extension ModelRegistry {
    /// What the builds take on the disk.
    /// - Throws: `RegistryError`.
    public func storage() throws -> StorageReport {
        try look { database in
            func sum(_ sql: String) throws -> Int { try Int.fetchOne(database, sql: sql) ?? 0 }
            let objects = try Rows.neededObjects(database)
            let offered = try Rows.isOffered(database)
            let hasParts = try database.tableExists("part")
            let files = objects.filter { $0.encoding != .parts }.reduce(0) { $0 &+ $1.storedBytes }
            return StorageReport(
                builds: try sum("SELECT count(*) FROM build WHERE \(offered)"),
                fileBytes: try sum(
                    "SELECT sum(rawBytes) FROM build JOIN object ON object.digest = build.digest WHERE \(offered)"
                ),
                distinctBytes: objects.reduce(0) { $0 &+ $1.rawBytes },
                storedBytes: try Rows.packs(database).reduce(files) { $0 &+ $1.byteCount },
                parts: hasParts ? try sum("SELECT count(*) FROM part") : 0,
                partUses: hasParts ? try sum("SELECT count(*) FROM assemblyPart") : 0,
                tier: store.tier?.note.place,
                localBytes: store.tier == nil ? nil : store.here().reduce(0) { $0 &+ $1.byteCount },
                compressedFromPercent: try store.smallestGain() * 100
            )
        }
    }

    /// Compresses parts from now on only where that saves so much of them. What is stored already stays as it is.
    /// - Parameter percent: 0 to 100.
    /// - Throws: `FileError`.
    public func compress(fromPercent percent: Double) throws {
        try PackingNote(smallestGain: percent / 100).write(in: store.root)
    }
}
