import BinaryIO

/// What a repair found, saved and could not save.
public struct RepairReport: Codable, Hashable, Sendable {
    /// Bytes that were damaged, and the builds that need them.
    public struct Item: Codable, Hashable, Sendable {
        /// Those that need the bytes.
        public var builds: [BuildName]
        /// Of the bytes.
        public var sha256: SHA256Digest
        /// Raw bytes: of what is saved, or of what is lost.
        public var bytes: Int
        /// In words: what was wrong, and where the bytes come from or what would bring them back.
        public var detail: String
    }

    /// Whether it was done, not only looked at.
    public var isDone = false
    /// What SQLite and the audit log's chain say of the database before the repair.
    public var database: [String] = []
    /// What they still say afterwards; before it is done, what a repair cannot do anything about.
    public var databaseLeft: [String] = []
    /// Builds whose damaged bytes are there after all: intact in a damaged file, or in another copy.
    public var saved: [Item] = []
    /// Builds that are lost until somebody brings their bytes. Their rows stay.
    public var lost: [Item] = []
    /// Damaged files, and where they are moved instead of being deleted.
    public var quarantined: [String] = []
    /// Parts that nothing published is made of and whose bytes are gone; their rows are dropped.
    public var forgottenParts = 0

    /// Whether everything published is there when this is over.
    public var isWhole: Bool {
        guard isDone else { return database.isEmpty && saved.isEmpty && lost.isEmpty && quarantined.isEmpty }
        return databaseLeft.isEmpty && lost.isEmpty
    }
}
