import GRDB

/// The disk space that the builds of a registry actually use.
public struct StorageReport: Codable, Hashable, Sendable {
    /// The number of offered builds.
    public var builds: Int
    /// The sum of the sizes of the builds' files, in bytes.
    public var fileBytes: Int
    /// The sum of the sizes of the builds' files, in bytes; a file published under several names counts once.
    public var distinctBytes: Int
    /// The disk space that the builds use, in bytes.
    public var storedBytes: Int
    /// The number of parts on the disk.
    public var parts: Int
    /// The number of times builds use parts; more than `parts` if some are shared.
    public var partUses: Int
    /// The place of the files in object storage; nil if all of them are on the disk.
    public var tier: String?
    /// Bytes of the files that are also on the disk; nil without object storage.
    public var localBytes: Int?
    /// The percentage of a part that compression must save for the part to be stored compressed.
    public var compressedFromPercent: Double

    /// Bytes of files per byte on the disk.
    public var ratio: Double { storedBytes == 0 ? 1 : Double(fileBytes) / Double(storedBytes) }
}

extension ModelRegistry {
    /// The most that packing a build takes in memory at a time, in bytes.
    /// - Parameters:
    ///   - longest: bytes of the build's largest tensor.
    ///   - hasPlanes: whether its numbers have several bytes, which are laid out by planes.
    ///   - mayShare: whether builds before it may have tensors of it.
    public static func packingMemory(longest: Int, hasPlanes: Bool, mayShare: Bool) -> Int {
        ObjectStore.packingMemory(longest: longest, hasPlanes: hasPlanes, mayShare: mayShare)
    }

    /// The disk space that the builds use.
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

    /// Sets how much compression must save for new parts to be stored compressed. Stored parts stay unchanged.
    /// - Parameter percent: 0 to 100.
    /// - Throws: `FileError`.
    public func compress(fromPercent percent: Double) throws {
        try PackingNote(smallestGain: percent / 100).write(in: store.root)
    }
}
