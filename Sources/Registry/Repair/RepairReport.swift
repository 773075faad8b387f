import BinaryIO

/// What a repair found, restored and could not restore.
public struct RepairReport: Codable, Hashable, Sendable {
    /// Bytes that were damaged, and the builds that need them.
    public struct Item: Codable, Hashable, Sendable {
        /// The builds that need the bytes.
        public var builds: [BuildName]
        /// SHA-256 of the bytes.
        public var sha256: SHA256Digest
        /// Raw bytes that were restored, or that are lost.
        public var bytes: Int
        /// What was wrong, and where the bytes came from or how to restore them.
        public var detail: String
    }

    /// Whether the repair was applied; false for a dry run.
    public var isDone = false
    /// The complaints of SQLite and of the audit log's chain before the repair.
    public var database: [String] = []
    /// The complaints that remain after the repair; in a dry run, those that a repair cannot fix.
    public var databaseLeft: [String] = []
    /// Builds whose bytes were recovered from a damaged file or from another copy.
    public var saved: [Item] = []
    /// Builds that are lost until somebody supplies their bytes. Their rows stay.
    public var lost: [Item] = []
    /// Damaged files, and where they are moved instead of being deleted.
    public var quarantined: [String] = []
    /// The number of parts that no published build uses and whose bytes are gone; their rows are deleted.
    public var forgottenParts = 0

    /// Whether every published build is intact after the repair.
    public var isWhole: Bool {
        guard isDone else { return database.isEmpty && saved.isEmpty && lost.isEmpty && quarantined.isEmpty }
        return databaseLeft.isEmpty && lost.isEmpty
    }
}
