/// Memory for one layer's numbers at a time, allocated piece by piece and released in the opposite order.
///
/// Unchecked: allocated and released by the thread that runs the pass.
final class ScratchMemory: @unchecked Sendable {
    /// The amount allocated at some moment.
    struct Mark {
        fileprivate let block: Int
        fileprivate let used: Int
    }

    /// Blocks are kept until the end, so that a layer reuses the memory of the previous one.
    private var blocks: [FloatBuffer] = []
    private var block = 0
    private var used = 0
    private static let blockCount = 1 << 22

    /// Returns uninitialized rows.
    /// - Throws: `InferenceProblem.outOfMemory`.
    func rows(_ count: Int, _ width: Int) throws(InferenceProblem) -> TokenRows {
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow else { throw .outOfMemory(byteCount: Int.max, purpose: "gradients") }
        // Each piece has whole cache lines, and is followed by a panel's width that products may read.
        let padded = (size + 15) / 16 * 16 + panelWidth
        while block < blocks.count, blocks[block].count - used < padded { (block, used) = (block + 1, 0) }
        if block == blocks.count {
            blocks.append(try FloatBuffer(count: max(padded, Self.blockCount), purpose: "gradients"))
        }
        defer { used += padded }
        return TokenRows(start: blocks[block].start + used, stride: width, count: count, width: width)
    }

    /// Returns rows of zeros.
    /// - Throws: `InferenceProblem.outOfMemory`.
    func zeros(_ count: Int, _ width: Int) throws(InferenceProblem) -> TokenRows {
        let rows = try rows(count, width)
        rows.clear()
        return rows
    }

    /// The amount allocated now.
    var mark: Mark { Mark(block: block, used: used) }

    /// Releases everything allocated since the mark.
    func release(to mark: Mark) { (block, used) = (mark.block, mark.used) }
}
