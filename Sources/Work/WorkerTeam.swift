import CKernels
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Threads that wait for the next parallel region of a session, and end with it.
///
/// Computing a token takes hundreds of short regions. Waking a thread costs more than many of them take, so threads
/// spin for some microseconds before they sleep.
final class WorkerTeam: Sendable {
    private let board: Board
    private let threads: [Thread]

    /// - Parameter helpers: the number of threads in addition to the calling one. If the system provides fewer, the
    ///   work takes longer.
    init(helpers: Int) {
        let board = Board()
        self.board = board
        threads = (1...helpers).compactMap { Thread(worker: $0, board) }
    }

    deinit {
        board.end()
        for thread in threads { thread.join() }
    }

    /// Runs `body` once on every thread, including the calling one, each with its own number.
    func run(_ body: @Sendable (_ worker: Int) -> Void) {
        withoutActuallyEscaping(body) { board.run(on: threads.count, $0) }
    }
}

/// The shared state through which threads get a region's work.
///
/// Unchecked: `body` is written before `region` is incremented, and read after the new value was seen.
private final class Board: @unchecked Sendable {
    typealias Body = @Sendable (_ worker: Int) -> Void

    /// The number of times a thread looks for work before it sleeps.
    private static let patience = 4000

    private let region = Atomic(0)
    private let busy = Atomic(0)
    private let sleeping = Atomic(0)
    private let isOver = Atomic(false)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var body: Body?

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wakeUp, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(wakeUp)
        mutex.deallocate()
        wakeUp.deallocate()
    }

    func run(on helpers: Int, _ body: @escaping Body) {
        self.body = body
        busy.store(helpers, ordering: .relaxed)
        raiseRegion()
        body(0)
        var looks = 0
        while busy.load(ordering: .acquiring) > 0 {
            looks += 1
            if looks < Self.patience { ek_pause() } else { sched_yield() }
        }
        self.body = nil
    }

    func end() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        raiseRegion()
    }

    /// Runs regions on a helper thread until the session ends.
    func serve(as worker: Int) {
        var seen = 0
        while true {
            wait(after: seen)
            seen += 1
            if isOver.load(ordering: .sequentiallyConsistent) { return }
            work(as: worker)
            busy.subtract(1, ordering: .acquiringAndReleasing)
        }
    }

    /// A separate function, so that the closure is released before the region counts as done.
    @inline(never)
    private func work(as worker: Int) { body?(worker) }

    private func raiseRegion() {
        region.add(1, ordering: .sequentiallyConsistent)
        guard sleeping.load(ordering: .sequentiallyConsistent) > 0 else { return }
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wakeUp)
        pthread_mutex_unlock(mutex)
    }

    private func wait(after seen: Int) {
        for _ in 0..<Self.patience {
            if region.load(ordering: .acquiring) != seen { return }
            ek_pause()
        }
        pthread_mutex_lock(mutex)
        sleeping.add(1, ordering: .sequentiallyConsistent)
        while region.load(ordering: .sequentiallyConsistent) == seen { pthread_cond_wait(wakeUp, mutex) }
        sleeping.subtract(1, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
    }
}

/// A thread that serves a board.
///
/// Unchecked: the handle is only read.
private struct Thread: @unchecked Sendable {
    private final class Start {
        let board: Board
        let worker: Int

        init(_ board: Board, worker: Int) { (self.board, self.worker) = (board, worker) }
    }

    private let handle: pthread_t

    init?(worker: Int, _ board: Board) {
        let start = Unmanaged.passRetained(Start(board, worker: worker))
        var handle: pthread_t? = nil
        let result: Int32
        #if canImport(Darwin)
            result = pthread_create(&handle, nil, Self.main, start.toOpaque())
        #else
            var made = pthread_t()
            result = pthread_create(&made, nil, { Self.main($0!) }, start.toOpaque())
            handle = made
        #endif
        guard result == 0, let handle else {
            start.release()
            return nil
        }
        self.handle = handle
    }

    func join() { pthread_join(handle, nil) }

    private static func main(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        start.board.serve(as: start.worker)
        return nil
    }
}
