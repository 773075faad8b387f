import BinaryIO
import BlockFormats
import GGUF
import SystemPackage
import Tensors
import Work

/// Writes the file of a plan: slabs of rows in any order, from any thread, in bounded memory.
public struct Converter: Sendable {
    /// Reports the number of output bytes done; an error that it throws stops the work and leaves no file.
    public typealias Progress = ByteProgress

    /// The number of weights in a slab; the quantizer's has the same reasons.
    private static let slabElements = 1 << 18

    private struct Slab {
        let tensor: Int
        let rows: Range<Int>
    }

    private let plan: ConversionPlan

    /// Creates a converter for a plan.
    public init(_ plan: ConversionPlan) {
        self.plan = plan
    }

    /// - Parameter threads: the number of threads; the bytes do not depend on it.
    /// - Throws: `FileError`, `ConversionError`, errors of `progress`.
    public func run(to path: FilePath, threads: Int, progress: @escaping Progress = { _, _ in }) throws {
        let writer = try GGUFFileWriter(path: path, layout: plan.layout)
        defer { writer.discard() }
        let slabs = makeSlabs()
        let total = plan.tensors.reduce(0) { $0 + $1.target.byteCount }
        do {
            try SlabWork.run(
                slabs,
                threads: threads,
                totalBytes: total,
                progress: progress,
                makeWorker: { RowConverter(allowsNonFinite: plan.allowsNonFinite) },
                process: { rows, slab in
                    let tensor = plan.tensors[slab.tensor]
                    return try rows.convert(slab.rows, of: tensor) { bytes, row in
                        try writer.write(bytes, tensor: slab.tensor, at: row * tensor.target.rowByteCount)
                    }
                }
            )
        } catch let problem as ConversionProblem {
            throw ConversionError(path: plan.folder, problem: problem)
        }
        try writer.commit()
    }

    private func makeSlabs() -> [Slab] {
        plan.tensors.enumerated().flatMap { index, tensor in
            SlabWork.rowRanges(of: tensor.target.shape, elements: Self.slabElements).map {
                Slab(tensor: index, rows: $0)
            }
        }
    }
}
