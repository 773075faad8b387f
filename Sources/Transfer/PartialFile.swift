import BinaryIO
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A blob being downloaded: `<digest>.incomplete`. Its digest is updated as bytes are written, and what an earlier run
/// left is kept.
package final class PartialFile {
    package let path: FilePath
    private let digest: BlobDigest
    private let size: Int
    private let descriptor: FileDescriptor
    private var hasher: BlobHasher
    /// The number of bytes in the file.
    package private(set) var count = 0

    /// Opens the file and reads its contents.
    package init(_ path: FilePath, of digest: BlobDigest, size: Int) throws {
        self.path = path
        self.digest = digest
        self.size = size
        hasher = BlobHasher(digest, size: size)
        try makeFolder(path.removingLastComponent())
        descriptor = try naming("create", path) {
            try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        }
        do {
            // If the file is too long, it belongs to another blob.
            if FileStatus(path)?.byteCount ?? 0 > size { try restart() }
            try forEachSlab(of: path) { slab in
                try Task.checkCancellation()
                hasher.update(slab)
                count += slab.count
            }
        } catch {
            try? descriptor.close()
            throw error
        }
    }

    deinit { try? descriptor.close() }

    package var isComplete: Bool { count == size }
    /// The digest of the bytes so far.
    package var found: BlobDigest { hasher.finalize() }

    package func append(_ bytes: UnsafeRawBufferPointer) throws {
        try naming("write", path) { _ = try descriptor.writeAll(toAbsoluteOffset: Int64(count), bytes) }
        hasher.update(bytes)
        count += bytes.count
    }

    /// Discards all bytes.
    package func restart() throws {
        guard ftruncate(descriptor.rawValue, 0) == 0 else {
            throw FileError("empty", path, errno: Errno(rawValue: errno))
        }
        hasher = BlobHasher(digest, size: size)
        count = 0
    }

    package func remove() { unlink(path.string) }

    /// Makes the file durable and gives it its final name.
    package func commit(as blob: FilePath) throws {
        try naming("sync", path) { try synchronize(descriptor) }
        guard rename(path.string, blob.string) == 0 else {
            throw FileError("rename into place", blob, errno: Errno(rawValue: errno))
        }
        try synchronizeFolder(of: blob)
    }
}
