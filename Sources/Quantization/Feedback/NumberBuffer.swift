#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Numbers in separately allocated memory. Unchecked: threads write to separate places.
final class NumberBuffer<Number>: @unchecked Sendable {
    let start: UnsafeMutablePointer<Number>

    /// - Throws: `QuantizationProblem.outOfMemory`, because a model's file decides how many there are.
    init(count: Int, purpose: String) throws {
        var memory: UnsafeMutableRawPointer?
        let (bytes, overflow) = max(1, count).multipliedReportingOverflow(by: MemoryLayout<Number>.stride)
        guard !overflow, posix_memalign(&memory, 64, bytes) == 0, let memory else {
            throw QuantizationProblem.outOfMemory(byteCount: bytes, purpose: purpose)
        }
        start = memory.bindMemory(to: Number.self, capacity: max(1, count))
    }

    deinit { free(start) }
}
