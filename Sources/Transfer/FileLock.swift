import BinaryIO
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Runs the body while holding a lock on a file, against other tasks and other programs that share the cache:
/// huggingface_hub uses the same locks. The system releases the lock when the process ends.
package func holdingLock(on path: FilePath, _ body: () async throws -> Void) async throws {
    try makeFolder(path.removingLastComponent())
    let descriptor = try naming("open", path) {
        try FileDescriptor.open(
            path,
            .readWrite,
            options: [.create],
            permissions: [.ownerReadWrite, .groupRead, .otherRead]
        )
    }
    defer { try? descriptor.close() }
    // Polls, because a task that waits in a system call would block a thread and could not be cancelled.
    while flock(descriptor.rawValue, LOCK_EX | LOCK_NB) != 0 {
        let reason = Errno(rawValue: errno)
        guard reason == .wouldBlock || reason == .interrupted else { throw FileError("lock", path, errno: reason) }
        try await Task.sleep(for: .milliseconds(50))
    }
    try await body()
}
