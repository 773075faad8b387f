/// What a verification found.
public struct VerificationReport: Codable, Hashable, Sendable {
    /// Something published that can no longer be had as it was published.
    public struct Damage: Codable, Hashable, Sendable {
        public enum Kind: String, Codable, Sendable {
            case database, foreignKey, auditChain, object
        }

        public var kind: Kind
        /// The builds it affects; empty where the database as a whole is affected.
        public var builds: [BuildName]
        /// What is wrong, and what to do.
        public var detail: String
    }

    /// A file that nothing published needs, left by a process that ended in the middle. Collecting it loses nothing.
    public struct Leftover: Codable, Hashable, Sendable {
        public enum Kind: String, Codable, Sendable {
            /// A whole object without a row.
            case orphanObject
            /// A file that was still being written.
            case temporaryFile
        }

        public var kind: Kind
        public var path: String
        public var bytes: Int
    }

    public var damages: [Damage] = []
    public var leftovers: [Leftover] = []
    public var checkedObjects = 0
    /// Raw bytes that were read and hashed; 0 where only sizes were compared.
    public var readBytes = 0
    /// Where a random share was read.
    public var sample: VerificationSample?

    public var isSound: Bool { damages.isEmpty }
}
