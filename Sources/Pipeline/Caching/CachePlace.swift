import BinaryIO
import SystemPackage

/// A store of products by what they were made of: a folder, or a server. It has two maps, as in Bazel: `ac` from a
/// step's key to a record, `cas` from a SHA-256 to a file.
///
/// No place is trusted: `ActionRecord` checks its records, and digests check its files. An entry that is missing,
/// damaged or unreadable is a miss, which costs work.
package protocol CachePlace: Sendable {
    /// Reads the record under a key, as it was written.
    /// - Throws: `CacheError` if the place itself does not answer.
    func record(for key: SHA256Digest) throws -> [UInt8]?

    /// Writes a record, replacing an earlier one with the same key. The files that it names must already be stored.
    /// - Throws: `FileError`, `CacheError`.
    func put(record: [UInt8], for key: SHA256Digest) throws

    /// Whether the place reports a file as stored; its bytes are not read.
    func mayHold(_ file: CachedFile) throws -> Bool

    /// Copies a file's bytes into another folder's map and checks them.
    /// - Returns: false if the place does not have these bytes.
    func fetch(_ file: CachedFile, into folder: CacheFolder) throws -> Bool

    /// Stores a copy of an intact file; storing the same bytes again is not an error.
    func put(_ file: CachedFile, from path: FilePath) throws
}

/// A file identified by its bytes.
package struct CachedFile: Sendable, Equatable {
    package let digest: SHA256Digest
    package let byteCount: Int

    package init(digest: SHA256Digest, byteCount: Int) { (self.digest, self.byteCount) = (digest, byteCount) }
}
