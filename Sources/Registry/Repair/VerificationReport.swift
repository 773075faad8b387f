import BinaryIO

/// What a verification found.
public struct VerificationReport: Codable, Hashable, Sendable {
    /// A published build, or its metadata, that differs from what was published.
    public struct Damage: Codable, Hashable, Sendable {
        /// The kind of damage.
        public enum Kind: String, Codable, Sendable {
            case database, foreignKey, auditChain, object
            /// Rows that differ from what was written.
            case fact
            /// A build that a repair marked as lost.
            case lost
        }

        /// The kind of damage.
        public var kind: Kind
        /// The builds it affects; empty where the database as a whole is affected.
        public var builds: [BuildName]
        /// What is wrong, and what to do.
        public var detail: String
        /// The bytes that a mark covers; empty for other damage.
        public var objects: [SHA256Digest] = []
    }

    /// A file that nothing published needs, left by an interrupted process. Collecting it loses nothing.
    public struct Leftover: Codable, Hashable, Sendable {
        /// Why nothing needs the file.
        public enum Kind: String, Codable, Sendable {
            /// A whole object without a row.
            case orphanObject
            /// A file that was still being written.
            case temporaryFile
        }

        /// Why nothing needs the file.
        public var kind: Kind
        /// The path of the file.
        public var path: String
        /// Size of the file, in bytes.
        public var bytes: Int
    }

    /// The damage found; empty for a sound registry.
    public var damages: [Damage] = []
    /// Digests marked as lost whose bytes were read and are intact again.
    public var returned: [SHA256Digest] = []
    /// Files that may be removed.
    public var leftovers: [Leftover] = []
    /// The number of objects checked.
    public var checkedObjects = 0
    /// Raw bytes that were read and hashed; 0 if only sizes were compared.
    public var readBytes = 0
    /// The sample, if only a random share was read.
    public var sample: VerificationSample?

    /// Whether no damage was found.
    public var isSound: Bool { damages.isEmpty }
}
