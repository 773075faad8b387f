import Dispatch
import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Syncs a file's bytes to the disk while more are written, so that its last sync is short.
final class EarlySync: Sendable {
    /// The number of bytes between two syncs.
    private static let step = 64 << 20

    private let descriptor: FileDescriptor
    private let queue = DispatchQueue(label: "edgepipe.early-sync", qos: .utility)
    private let unsynced = Atomic(0)
    /// The error number of the first failed sync. A disk reports a failure once, so the last sync may succeed.
    private let failure = Atomic<CInt>(0)

    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Counts bytes that were written. Safe to call from several threads.
    func note(byteCount: Int) {
        let (before, after) = unsynced.wrappingAdd(byteCount, ordering: .relaxed)
        // Only the thread that crosses the step starts a sync.
        guard before < Self.step, after >= Self.step else { return }
        queue.async { [self] in
            unsynced.store(0, ordering: .relaxed)
            guard fsync(descriptor.rawValue) != 0 else { return }
            _ = failure.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
        }
    }

    /// Waits until no sync is in progress; the file may be closed afterwards.
    /// - Throws: `Errno` of a sync that failed.
    func finish() throws {
        queue.sync {}
        let number = failure.load(ordering: .relaxed)
        if number != 0 { throw Errno(rawValue: number) }
    }
}
