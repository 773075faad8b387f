import BinaryIO

/// A cached file that is received piece by piece. It appears in the folder after all of its bytes have arrived and
/// match the digest; otherwise nothing of it remains.
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

    /// - Returns: false if there are more bytes than promised; the rest need not be read.
    /// - Throws: `FileError`.
    package func take(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
        count += bytes.count
        guard count <= file.byteCount else { return false }
        hasher.update(bytes)
        try copy?.write(bytes)
        return true
    }

    /// Publishes the file in the folder.
    /// - Returns: false if its bytes do not match the digest.
    /// - Throws: `FileError`.
    package func finish() throws -> Bool {
        guard count == file.byteCount, hasher.finalize() == file.digest, let copy = copy.take() else { return false }
        try copy.commit(as: folder.path(of: file))
        folder.seal(file)
        return true
    }
}
