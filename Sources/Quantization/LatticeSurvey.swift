import BlockFormats
import GGUF
import Tensors
import Work

/// Determines, from some of their rows, which tensors lie on a grid of four bits.
///
/// Only training puts 32 weights on one grid, so a few hundred groups suffice; they are taken at even distances, and
/// the answer depends only on the weights.
struct LatticeSurvey {
    /// The share of the groups that must lie on a grid.
    private static let share = 0.95
    /// The number of rows examined in a tensor.
    private static let rows = 64

    private let source: any ModelSource

    init(_ source: any ModelSource) { self.source = source }

    /// Returns the indices of those tensors among `candidates` that lie on a grid.
    /// - Throws: the errors of the source.
    func tensorsOnGrid(_ candidates: [(index: Int, tensor: GGUFTensor)], threads: Int) throws -> Set<Int> {
        let found = try candidates.concurrentMap(threads: threads) { try isOnGrid($0.tensor) }
        return Set(zip(candidates, found).compactMap { $1 ? $0.index : nil })
    }

    private func isOnGrid(_ tensor: GGUFTensor) throws -> Bool {
        let columns = tensor.shape.rowLength
        let count = tensor.shape.elementCount / columns
        let step = max(1, count / Self.rows)
        let reader = source.makeReader()
        var counts = (on: 0, off: 0)
        for row in stride(from: 0, to: count, by: step) {
            try reader.withRows(row..<(row + 1), of: tensor) { bytes in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: columns) { weights in
                    BlockCodec.decode(tensor.type, bytes, into: weights)
                    let found = BlockCodec.latticeGroups(of: UnsafeBufferPointer(weights))
                    counts = (counts.on + found.on, counts.off + found.off)
                }
            }
        }
        return counts.on > 0 && Double(counts.on) >= Self.share * Double(counts.on + counts.off)
    }
}
