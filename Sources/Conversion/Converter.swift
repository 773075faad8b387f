import BinaryIO
import BlockFormats
import Dispatch
import GGUF
import Synchronization
import SystemPackage
import Tensors

/// Writes the file that a plan describes: slabs of rows in any order, from any thread, in bounded memory.
public struct Converter: Sendable {
    /// Told how many output bytes are done; throwing from it stops the work and leaves nothing behind.
    public typealias Progress = @Sendable (_ bytesDone: Int, _ bytesTotal: Int) throws -> Void

    /// Weights in a slab; see the quantizer's, which has the same reasons.
    private static let slabElements = 1 << 18

    private struct Slab {
        let tensor: Int
        let rows: Range<Int>
    }

    private let plan: ConversionPlan

    public init(_ plan: ConversionPlan) {
        self.plan = plan
    }

    /// - Parameter threads: how many threads work; the bytes are the same for any number.
    /// - Throws: `FileError`, `ConversionError`, or what `progress` throws.
    public func run(to path: FilePath, threads: Int, progress: @escaping Progress = { _, _ in }) throws {
        let writer = try GGUFFileWriter(path: path, layout: plan.layout)
        defer { writer.discard() }
        let slabs = makeSlabs()
        let total = plan.tensors.reduce(0) { $0 + $1.target.byteCount }
        let next = Atomic(0)
        let state = Mutex((done: 0, failure: (any Error)?.none))
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            var rows = RowConverter()
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < slabs.count, state.withLock({ $0.failure == nil }) else { return }
                do {
                    let slab = slabs[index]
                    let tensor = plan.tensors[slab.tensor]
                    let bytes = try rows.convert(slab.rows, of: tensor) {
                        try writer.write($0, tensor: slab.tensor, at: slab.rows.lowerBound * tensor.target.rowByteCount)
                    }
                    try state.withLock {
                        $0.done += bytes
                        try progress($0.done, total)
                    }
                } catch {
                    state.withLock { $0.failure = $0.failure ?? error }
                    return
                }
            }
        }
        if let failure = state.withLock({ $0.failure }) {
            guard let problem = failure as? ConversionProblem else { throw failure }
            throw ConversionError(path: plan.folder, problem: problem)
        }
        try writer.commit()
    }

    private func makeSlabs() -> [Slab] {
        plan.tensors.enumerated().flatMap { index, tensor in
            let shape = tensor.target.shape
            let rows = max(1, Self.slabElements / shape.rowLength)
            return stride(from: 0, to: shape.rowCount, by: rows).map {
                Slab(tensor: index, rows: $0..<min($0 + rows, shape.rowCount))
            }
        }
    }
}
