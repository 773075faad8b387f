#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Numbers in separately allocated memory, aligned to cache lines. Any thread may read; each place is written by one
/// thread.
///
/// Unchecked: `Workers` gives every task its own part.
package final class FloatBuffer: @unchecked Sendable {
    package let count: Int
    let start: UnsafeMutablePointer<Float>

    /// - Throws: `InferenceProblem.outOfMemory` instead of ending the program, because the size may come from a file.
    init(count: Int, purpose: String) throws(InferenceProblem) {
        // One panel's width more than requested, so that the last row of a panel can be read whole.
        let (padded, overflow) = count.addingReportingOverflow(panelWidth)
        let (bytes, overflow2) = padded.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
        var memory: UnsafeMutableRawPointer?
        guard count >= 0, !overflow, !overflow2, posix_memalign(&memory, 64, bytes) == 0, let memory else {
            throw .outOfMemory(byteCount: overflow || overflow2 ? Int.max : bytes, purpose: purpose)
        }
        self.count = count
        start = memory.bindMemory(to: Float.self, capacity: padded)
        // The padding is read and its results discarded; it only needs to be initialized.
        (start + count).initialize(repeating: 0, count: panelWidth)
    }

    deinit { free(start) }

    var values: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: start, count: count) }
}
