import Dispatch
import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Sends a file's bytes to the disk while more are being made, so that its last sync has little left to wait for.
final class EarlySync: Sendable {
    /// Bytes that make a sync worth its while.
    private static let step = 64 << 20

    private let descriptor: FileDescriptor
    private let queue = DispatchQueue(label: "edgepipe.early-sync", qos: .utility)
    private let unsynced = Atomic(0)
    /// The first failure's number. A disk tells of a failure once, so the last sync may know nothing of it.
    private let failure = Atomic<CInt>(0)

    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
    }

    /// Counts bytes that were written. Safe to call from several threads.
    func note(byteCount: Int) {
        let (before, after) = unsynced.wrappingAdd(byteCount, ordering: .relaxed)
        // Only the thread that crosses the step sees both sides of it.
        guard before < Self.step, after >= Self.step else { return }
        queue.async { [self] in
            unsynced.store(0, ordering: .relaxed)
            guard fsync(descriptor.rawValue) != 0 else { return }
            _ = failure.compareExchange(expected: 0, desired: errno, ordering: .relaxed)
        }
    }

    /// Waits until no sync is under way; afterwards the file may be closed.
    /// - Throws: `Errno` of a sync that failed.
    func finish() throws {
        queue.sync {}
        let number = failure.load(ordering: .relaxed)
        if number != 0 { throw Errno(rawValue: number) }
    }
}
