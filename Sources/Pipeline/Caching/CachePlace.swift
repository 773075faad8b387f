import BinaryIO
import SystemPackage

/// Where products are kept by what they were made of: a folder, or a server. Two maps, as Bazel has them: `ac` from a step's key to a
/// record, `cas` from a SHA-256 to a file.
///
/// Nothing that a place says is believed: its records are checked by `ActionRecord`, its files by their digests. What is not there,
/// is damaged or cannot be read is a miss, which costs work.
package protocol CachePlace: Sendable {
    /// The record under a key, as it was written.
    /// - Throws: `CacheError`, where the place itself does not answer.
    func record(for key: SHA256Digest) throws -> [UInt8]?

    /// Writes a record; the same key again replaces it. The files that it names must be there already.
    /// - Throws: `FileError`, `CacheError`.
    func put(record: [UInt8], for key: SHA256Digest) throws

    /// Whether a file is said to be there; its bytes are not read.
    func mayHold(_ file: CachedFile) throws -> Bool

    /// Copies a file's bytes into another folder's map and checks them.
    /// - Returns: false where the place has no such bytes.
    func fetch(_ file: CachedFile, into folder: CacheFolder) throws -> Bool

    /// Puts a copy of an intact file; the same bytes again are no error.
    func put(_ file: CachedFile, from path: FilePath) throws
}

/// A file by its bytes.
package struct CachedFile: Sendable, Equatable {
    package let digest: SHA256Digest
    package let byteCount: Int

    package init(digest: SHA256Digest, byteCount: Int) { (self.digest, self.byteCount) = (digest, byteCount) }
}
