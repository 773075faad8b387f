import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Which file is mapped where, for the handler of bus errors: a file that another program truncates while it is mapped
/// cannot be read any more, and no return value says so.
public enum MappedRanges {
    private struct Slot {
        /// Zero where the slot is free; written last, and cleared first.
        var start: UInt = 0
        var byteCount: UInt = 0
        var path: UnsafeMutablePointer<CChar>?
    }

    /// More files than a model has shards. What does not fit is mapped all the same, and not named.
    private static let capacity = 4096
    private static let lock = Mutex(())
    // Slots are written under the lock. The handler reads without it, since the thread it stops may hold it.
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

    /// Ends the program with one clear line where a mapped file was truncated, with status 1. What it was writing is
    /// removed by the next run that writes the same name.
    public static func explainTruncation() {
        // Made here, since a handler must not make it.
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

    /// Runs inside the signal's handler: it calls nothing but `write` and `_exit`.
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
        // Not a mapped file: the default action ends the program at the instruction that failed.
        signal(SIGBUS, SIG_DFL)
    }
}
