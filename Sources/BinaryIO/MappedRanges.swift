import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The addresses of mapped files, for the handler of bus errors: a file that another program truncates while it is
/// mapped becomes unreadable, and no return value reports that.
public enum MappedRanges {
    private struct Slot {
        /// Zero if the slot is free; written last, and cleared first.
        var start: UInt = 0
        var byteCount: UInt = 0
        var path: UnsafeMutablePointer<CChar>?
    }

    /// The number of slots, more than a model has shards. Further files are mapped too, but the handler cannot name
    /// them.
    private static let capacity = 4096
    private static let lock = Mutex(())
    // Slots are written under the lock. The handler reads without it, because the thread that it interrupts may hold
    // it.
    private nonisolated(unsafe) static let slots = {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
        slots.initialize(repeating: Slot(), count: capacity)
        return slots
    }()

    static func add(_ base: UnsafeRawPointer, byteCount: Int, of path: FilePath) {
        lock.withLock { _ in
            guard let free = (0..<capacity).first(where: { slots[$0].start == 0 }) else { return }
            slots[free].byteCount = UInt(byteCount)
            slots[free].path = strdup(path.string.visible)
            slots[free].start = UInt(bitPattern: base)
        }
    }

    static func remove(_ base: UnsafeRawPointer) {
        lock.withLock { _ in
            let start = UInt(bitPattern: base)
            guard let slot = (0..<capacity).first(where: { slots[$0].start == start }) else { return }
            slots[slot].start = 0
            free(slots[slot].path)
            slots[slot].path = nil
        }
    }

    /// Makes the program end with one clear line and status 1 if a mapped file was truncated. The next run that writes
    /// the same name removes the unfinished output.
    public static func explainTruncation() {
        // Allocated here, because a signal handler must not allocate.
        _ = slots
        var action = sigaction()
        #if canImport(Darwin)
            action.__sigaction_u.__sa_sigaction = { _, information, _ in
                MappedRanges.end(at: UInt(bitPattern: information?.pointee.si_addr))
            }
        #else
            action.__sigaction_handler.sa_sigaction = { _, information, _ in
                MappedRanges.end(at: UInt(bitPattern: information?.pointee._sifields._sigfault.si_addr))
            }
        #endif
        action.sa_flags = CInt(SA_SIGINFO)
        sigaction(SIGBUS, &action, nil)
    }

    /// Runs inside the signal handler, so it only calls `write` and `_exit`.
    private static func end(at address: UInt) {
        func tell(_ text: StaticString) { _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }
        for index in 0..<capacity {
            let slot = slots[index]
            guard slot.start != 0, address >= slot.start, address - slot.start < slot.byteCount, let path = slot.path
            else { continue }
            tell("edgepipe: ")
            _ = write(STDERR_FILENO, path, strlen(path))
            tell(": the file became shorter, or its disk failed, while it was read. ")
            tell("Run the same command again when nothing else writes it.\n")
            _exit(1)
        }
        // The address is not in a mapped file: the default action ends the program at the instruction that failed.
        signal(SIGBUS, SIG_DFL)
    }
}
