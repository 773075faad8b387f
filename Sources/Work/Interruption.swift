import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The wish to stop, from Ctrl-C: long work looks here between slabs and chunks, and leaves nothing half-written.
public enum Interruption {
    private static let requested = Atomic(false)

    /// Work was stopped because the user asked for it.
    public struct Stopped: Error, CustomStringConvertible {
        /// What was known by then, of work that does not go on where it was.
        public var soFar: String?

        /// An error with what was known by then, if anything.
        public init(soFar: String? = nil) { self.soFar = soFar }

        /// What to tell the user: the work goes on where it was, or what was known.
        public var description: String {
            soFar.map { "interrupted \($0)" } ?? "interrupted; the same command goes on from here."
        }
    }

    /// Lets Ctrl-C ask for an orderly stop; a second one stops at once.
    public static func listen() {
        // Signals stay blocked in a child of a thread that blocks them, as a dispatch queue's threads do.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.requested.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }

    /// - Throws: `Stopped` once a stop was asked for.
    public static func check() throws {
        if requested.load(ordering: .relaxed) { throw Stopped() }
    }
}
