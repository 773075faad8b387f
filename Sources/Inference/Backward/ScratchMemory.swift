/// Memory for one layer's numbers at a time: taken piece by piece, given back in the opposite order.
///
/// Unchecked: taken and given back by the thread that runs the pass.
final class ScratchMemory: @unchecked Sendable {
    /// What was taken by some moment.
    struct Mark {
        fileprivate let block: Int
        fileprivate let used: Int
    }

    /// Blocks stay until the end, so that a layer finds the memory of the one before.
    private var blocks: [FloatBuffer] = []
    private var block = 0
    private var used = 0
    private static let blockCount = 1 << 22

    /// Rows with any numbers in them.
    /// - Throws: `InferenceProblem.outOfMemory`.
    func rows(_ count: Int, _ width: Int) throws(InferenceProblem) -> TokenRows {
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow else { throw .outOfMemory(byteCount: Int.max, purpose: "gradients") }
        // Whole cache lines, and a panel's width behind each piece that products may read.
        let padded = (size + 15) / 16 * 16 + panelWidth
        while block < blocks.count, blocks[block].count - used < padded { (block, used) = (block + 1, 0) }
        if block == blocks.count {
            blocks.append(try FloatBuffer(count: max(padded, Self.blockCount), purpose: "gradients"))
        }
        defer { used += padded }
        return TokenRows(start: blocks[block].start + used, stride: width, count: count, width: width)
    }

    /// Rows of zeros.
    /// - Throws: `InferenceProblem.outOfMemory`.
    func zeros(_ count: Int, _ width: Int) throws(InferenceProblem) -> TokenRows {
        let rows = try rows(count, width)
        rows.clear()
        return rows
    }

    /// What is taken now.
    var mark: Mark { Mark(block: block, used: used) }

    /// Gives back what was taken since.
    func release(to mark: Mark) { (block, used) = (mark.block, mark.used) }
}
