import BinaryIO
import BlockFormats
import GGUF
import SystemPackage
import Tensors
import Work

/// Writes the file that a plan describes: slabs of rows in any order, from any thread, in bounded memory.
public struct Converter: Sendable {
    /// Told how many output bytes are done; throwing from it stops the work and leaves nothing behind.
    public typealias Progress = ByteProgress

    /// Weights in a slab; see the quantizer's, which has the same reasons.
    private static let slabElements = 1 << 18

    private struct Slab {
        let tensor: Int
        let rows: Range<Int>
    }

    private let plan: ConversionPlan

    /// A converter of what the plan says.
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
