import Dispatch
import Synchronization
import Tensors

/// Hands out the slabs of a file to threads: whole rows of a tensor, few enough to bound memory, in any order.
package enum SlabWork {
    /// Told how many bytes are done; throwing from it stops the work.
    package typealias Progress = @Sendable (_ bytesDone: Int, _ bytesTotal: Int) throws -> Void

    /// The row ranges that cut a tensor into slabs of about `elements` weights.
    package static func rowRanges(of shape: TensorShape, elements: Int) -> [Range<Int>] {
        let rows = max(1, elements / shape.rowLength)
        return stride(from: 0, to: shape.rowCount, by: rows).map { $0..<min($0 + rows, shape.rowCount) }
    }

    /// Processes every slab once; after a failure no thread takes another one.
    /// - Parameters:
    ///   - totalBytes: what the slabs come to, for `progress`.
    ///   - makeWorker: makes one thread's scratch memory.
    ///   - process: returns how many bytes the slab came to.
    /// - Throws: the first error of `process` or `progress`.
    package static func run<Slab: Sendable, Worker>(
        _ slabs: [Slab],
        threads: Int,
        totalBytes: Int,
        progress: Progress,
        makeWorker: @Sendable () -> Worker,
        process: @Sendable (inout Worker, Slab) throws -> Int
    ) throws {
        let next = Atomic(0)
        let state = Mutex((done: 0, failure: (any Error)?.none))
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            var worker = makeWorker()
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < slabs.count, state.withLock({ $0.failure == nil }) else { return }
                do {
                    let bytes = try process(&worker, slabs[index])
                    try state.withLock {
                        $0.done += bytes
                        try progress($0.done, totalBytes)
                    }
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                    return
                }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
