import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The user's request to stop, from Ctrl-C. Long work checks it between slabs and chunks, and leaves nothing
/// half-written.
public enum Interruption {
    private static let requested = Atomic(false)

    /// Work was stopped at the user's request.
    public struct Stopped: Error, CustomStringConvertible {
        /// The results so far, for work that cannot be resumed.
        public var soFar: String?

        /// Creates the error with the results so far, if there are any.
        public init(soFar: String? = nil) { self.soFar = soFar }

        /// The message to the user: how to resume, or the results so far.
        public var description: String {
            soFar.map { "interrupted \($0)" } ?? "interrupted; the same command goes on from here."
        }
    }

    /// Makes Ctrl-C request an orderly stop; a second one stops at once.
    public static func listen() {
        // A child process inherits blocked signals from the thread that starts it, and the threads of a dispatch queue
        // block them.
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

    /// - Throws: `Stopped` after a stop was requested.
    public static func check() throws {
        if requested.load(ordering: .relaxed) { throw Stopped() }
    }
}
