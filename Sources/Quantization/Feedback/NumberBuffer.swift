#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Numbers in memory of their own. Unchecked: threads write places of their own.
final class NumberBuffer<Number>: @unchecked Sendable {
    let start: UnsafeMutablePointer<Number>

    /// - Throws: `QuantizationProblem.outOfMemory`, since a model's file says how many there are.
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
