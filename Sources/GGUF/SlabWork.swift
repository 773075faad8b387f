import Synchronization
import Tensors
import Work

/// Distributes the slabs of a file to threads: whole rows of a tensor, few enough to bound memory, in any order.
package enum SlabWork {
    /// Cuts a tensor into row ranges of about `elements` weights each.
    package static func rowRanges(of shape: TensorShape, elements: Int) -> [Range<Int>] {
        let rows = max(1, elements / shape.rowLength)
        return stride(from: 0, to: shape.rowCount, by: rows).map { $0..<min($0 + rows, shape.rowCount) }
    }

    /// Processes every slab once; after a failure no thread starts another one.
    /// - Parameters:
    ///   - totalBytes: the bytes of all slabs, for `progress`.
    ///   - makeWorker: makes one thread's scratch memory.
    ///   - process: returns the bytes of the slab.
    /// - Throws: the error of the first slab for which `process` or `progress` failed.
    package static func run<Slab: Sendable, Worker>(
        _ slabs: [Slab],
        threads: Int,
        totalBytes: Int,
        progress: ByteProgress,
        makeWorker: @Sendable () -> Worker,
        process: @Sendable (inout Worker, Slab) throws -> Int
    ) throws {
        let bytesDone = Mutex(0)
        try Workers(count: threads).forEach(slabs.count, scratch: makeWorker) { worker, index in
            let bytes = try process(&worker, slabs[index])
            try bytesDone.withLock {
                $0 += bytes
                try progress($0, totalBytes)
            }
        }
    }
}
