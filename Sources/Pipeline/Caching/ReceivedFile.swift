import BinaryIO

/// A file of a cache that arrives piece by piece. It appears in the folder once its bytes are all there and are those that were promised;
/// otherwise nothing is left of it.
package final class ReceivedFile {
    private let folder: CacheFolder
    private let file: CachedFile
    private var copy: SharedFile?
    private var hasher = SHA256Hasher()
    private var count = 0

    /// - Throws: `FileError`.
    package init(_ file: CachedFile, into folder: CacheFolder) throws {
        (self.file, self.folder) = (file, folder)
        try makeFolder(folder.contents)
        copy = try SharedFile(in: folder.unfinished)
    }

    /// - Returns: false where more comes than was promised, which nobody needs to read.
    /// - Throws: `FileError`.
    package func take(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        count += bytes.count
        guard count <= file.byteCount else { return false }
        hasher.update(bytes)
        try copy?.write(bytes)
        return true
    }

    /// Lets the file appear.
    /// - Returns: false where its bytes are not those that were promised.
    /// - Throws: `FileError`.
    package func finish() throws -> Bool {
        guard count == file.byteCount, hasher.finalize() == file.digest, let copy = copy.take() else { return false }
        try copy.commit(as: folder.path(of: file))
        folder.seal(file)
        return true
    }
}
