import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Memory for a decoded piece, mapped from the system and returned to it at once, because freed memory that the
/// allocator keeps counts as used.
///
/// Unchecked: only its creator writes it, and all others only read it.
package final class PieceMemory: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let count: Int

    /// - Parameter count: size in bytes, at least 1.
    init(_ count: Int) throws {
        let mapped = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw RegistryError.invalidValue(field: "memory", detail: "there is none left.")
        }
        (base, self.count) = (mapped, count)
    }

    deinit { munmap(base, count) }

    var buffer: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: count) }

    /// Passes the bytes to `body`, which must not keep them.
    package func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { body(UnsafeRawBufferPointer(buffer)) }
}

/// Decoders and buffers for a number of threads that decode at once.
package final class PieceTools: Sendable {
    private struct Idle: @unchecked Sendable {
        let decoder: PartDecoder
        var stored: UnsafeMutableRawBufferPointer
    }

    private let idle: Mutex<[Idle]>
    private let most: Int

    /// - Parameter count: the number of threads that decode at once.
    package init(count: Int) {
        most = count
        idle = Mutex([])
    }

    deinit { for tools in idle.withLock({ $0 }) { tools.stored.deallocate() } }

    /// Runs `body` with a decoder and memory for a part as it is stored.
    func with<Value>(_ storedBytes: Int, _ body: (PartDecoder, UnsafeMutableRawBufferPointer) throws -> Value) throws
        -> Value
    {
        var tools =
            try idle.withLock { $0.popLast() }
            ?? Idle(decoder: PartDecoder(), stored: .allocate(byteCount: 1, alignment: 64))
        if tools.stored.count < storedBytes {
            tools.stored.deallocate()
            tools.stored = .allocate(byteCount: storedBytes, alignment: 64)
        }
        let (used, most) = (tools, most)
        defer {
            let isKept = idle.withLock { idle in
                guard idle.count < most else { return false }
                idle.append(used)
                return true
            }
            if !isKept { used.stored.deallocate() }
        }
        return try body(used.decoder, used.stored)
    }
}
