import BinaryIO

/// What a verification found.
public struct VerificationReport: Codable, Hashable, Sendable {
    /// Something published that can no longer be had as it was published.
    public struct Damage: Codable, Hashable, Sendable {
        /// What is damaged.
        public enum Kind: String, Codable, Sendable {
            case database, foreignKey, auditChain, object
            /// Rows that hold something else than was written.
            case fact
            /// A build that a repair marked as lost.
            case lost
        }

        /// What is damaged.
        public var kind: Kind
        /// The builds it affects; empty where the database as a whole is affected.
        public var builds: [BuildName]
        /// What is wrong, and what to do.
        public var detail: String
        /// Of a mark, the bytes that are marked.
        public var objects: [SHA256Digest] = []
    }

    /// A file that nothing published needs, left by a process that ended in the middle. Collecting it loses nothing.
    public struct Leftover: Codable, Hashable, Sendable {
        /// Why nothing needs the file.
        public enum Kind: String, Codable, Sendable {
            /// A whole object without a row.
            case orphanObject
            /// A file that was still being written.
            case temporaryFile
        }

        /// Why nothing needs it.
        public var kind: Kind
        /// The path of the file.
        public var path: String
        /// Size of the file.
        public var bytes: Int
    }

    /// Empty for a sound registry.
    public var damages: [Damage] = []
    /// Builds that are marked as lost and whose bytes were read and are whole again.
    public var returned: [SHA256Digest] = []
    /// Files that may be removed.
    public var leftovers: [Leftover] = []
    /// How many objects were looked at.
    public var checkedObjects = 0
    /// Raw bytes that were read and hashed; 0 where only sizes were compared.
    public var readBytes = 0
    /// Where a random share was read.
    public var sample: VerificationSample?

    /// Whether all that was published can be had as it was.
    public var isSound: Bool { damages.isEmpty }
}
