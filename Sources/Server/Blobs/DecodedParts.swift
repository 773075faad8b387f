import BinaryIO
import Registry
import Synchronization

/// Parts of builds that are compressed, decoded for whoever is being sent them. Clients that are at the same part share it; together
/// the parts keep to a bound, and a client waits for its part rather than taking more.
final class DecodedParts: Sendable {
    /// One part, until it is taken back because others wait for its room.
    final class Part: Sendable {
        fileprivate let bytes: Mutex<[UInt8]?>
        fileprivate let since = ContinuousClock.now

        fileprivate init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }

        /// Hands out a range of the part; false where it was taken back.
        func with(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
            bytes.withLock { bytes in
                guard let bytes else { return false }
                bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
                return true
            }
        }
    }

    private enum Entry {
        case making
        case made(Part, readers: Int)
    }

    private struct State {
        var entries: [SHA256Digest: Entry] = [:]
        var sizes: [SHA256Digest: Int] = [:]
        /// Oldest use first.
        var order: [SHA256Digest] = []
        var total = 0
    }

    private enum Step {
        case take(Part)
        case make
        case wait
    }

    /// How long a reader keeps what others wait for.
    private static let patience = Duration.seconds(1)
    private static let pause = Duration.milliseconds(10)

    private let limit: Int
    private let threads: WorkerThreads
    private let state = Mutex(State())

    init(limit: Int, _ threads: WorkerThreads) { (self.limit, self.threads) = (limit, threads) }

    /// The bytes of a part. Whoever has it says when it is done with it.
    /// - Throws: as `BuildPieces.decode`; `CancellationError`.
    func take(_ index: Int, of pieces: BuildPieces) async throws -> Part {
        let piece = pieces.pieces[index]
        while true {
            switch state.withLock({ Self.step(piece.digest, piece.range.count, limit, &$0) }) {
            case .take(let part): return part
            case .wait: try await Task.sleep(for: Self.pause)
            case .make:
                do {
                    let part = Part(try await threads.run { try pieces.decode(index) })
                    state.withLock { $0.entries[piece.digest] = .made(part, readers: 1) }
                    return part
                } catch {
                    state.withLock { Self.forget(piece.digest, &$0) }
                    throw error
                }
            }
        }
    }

    /// A reader is done with a part; it stays for others while there is room.
    func release(_ part: Part, _ digest: SHA256Digest) {
        state.withLock { state in
            guard case .made(let known, let readers)? = state.entries[digest], known === part else { return }
            state.entries[digest] = .made(part, readers: readers - 1)
        }
    }

    private static func step(_ digest: SHA256Digest, _ size: Int, _ limit: Int, _ state: inout State) -> Step {
        switch state.entries[digest] {
        case .made(let part, let readers):
            state.entries[digest] = .made(part, readers: readers + 1)
            state.order.removeAll { $0 == digest }
            state.order.append(digest)
            return .take(part)
        case .making: return .wait
        case nil: break
        }
        // What nobody reads goes first, then what somebody has had for long.
        for isRead in [false, true] {
            for other in state.order where state.total + size > limit {
                guard case .made(let part, let readers)? = state.entries[other], (readers > 0) == isRead else { continue }
                if isRead, ContinuousClock.now - part.since < patience { continue }
                part.bytes.withLock { $0 = nil }
                forget(other, &state)
            }
        }
        guard state.total + size <= limit || state.entries.isEmpty else { return .wait }
        state.entries[digest] = .making
        state.sizes[digest] = size
        state.order.append(digest)
        state.total += size
        return .make
    }

    private static func forget(_ digest: SHA256Digest, _ state: inout State) {
        state.entries[digest] = nil
        state.total -= state.sizes.removeValue(forKey: digest) ?? 0
        state.order.removeAll { $0 == digest }
    }
}
