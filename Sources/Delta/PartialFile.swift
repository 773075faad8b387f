import BinaryIO
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The result of an application so far: a hidden file beside the output. Its name contains the new file's digest, so
/// that only a call for the same file resumes it.
final class PartialFile {
    private let path: FilePath
    private let output: FilePath
    private let descriptor: FileDescriptor
    private var count: Int

    /// - Throws: `DeltaError.busy` while another process uses it; `FileError`.
    init(of output: FilePath, named digest: SHA256Digest) throws {
        let name = ".\(output.lastComponent?.string ?? "").\(digest.description.prefix(16)).delta"
        let path = output.removingLastComponent().appending(name)
        let descriptor = try naming("create", path) {
            try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        }
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            try? descriptor.close()
            throw DeltaError.busy(output)
        }
        count = Int(try naming("read", path) { try descriptor.seek(offset: 0, from: .end) })
        (self.path, self.output, self.descriptor) = (path, output, descriptor)
    }

    deinit { try? descriptor.close() }

    /// Reads what an earlier call left.
    /// - Returns: whether the bytes have the digest; if not, everything after them is invalid too.
    func read(
        _ offset: Int,
        into bytes: UnsafeMutableRawBufferPointer,
        expecting digest: SHA256Digest
    ) throws -> Bool {
        guard offset + bytes.count <= count else { return false }
        try descriptor.read(offset, of: path, into: bytes)
        return SHA256Digest(of: UnsafeRawBufferPointer(bytes)) == digest
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        try naming("write", output) { _ = try descriptor.writeAll(toAbsoluteOffset: Int64(offset), bytes) }
    }

    /// Truncates the file to its final length.
    func finish(byteCount: Int) throws {
        guard ftruncate(descriptor.rawValue, off_t(byteCount)) == 0 else {
            throw FileError("set the length of", output, errno: Errno(rawValue: errno))
        }
    }

    /// Makes the bytes durable, then renames the file.
    func commit(to output: FilePath) throws {
        try naming("sync", output) { try synchronize(descriptor) }
        guard rename(path.string, output.string) == 0 else {
            throw FileError("rename into place", output, errno: Errno(rawValue: errno))
        }
        try synchronizeFolder(of: output)
    }

    func discard() { unlink(path.string) }
}
