import BinaryIO
import Registry
import Synchronization

/// Compressed parts of builds, decoded while they are sent. Clients that read the same part share it. The total size of
/// the parts is limited, and a client waits for its part if the limit is reached.
final class DecodedParts: Sendable {
    /// A decoded part, until it is reclaimed for other readers.
    final class Part: Sendable {
        private let memory: Mutex<PieceMemory?>
        fileprivate let since = ContinuousClock.now

        fileprivate init(_ memory: PieceMemory) { self.memory = Mutex(memory) }

        /// Passes a range of the part to `body`; returns false if the part was reclaimed.
        func with(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
            // Readers of one part copy at the same time, and reclaiming it waits for none of them.
            guard let memory = memory.withLock({ $0 }) else { return false }
            memory.withBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
            return true
        }

        fileprivate func takeBack() { memory.withLock { $0 = nil } }
    }

    private enum Entry {
        case making
        case made(Part, readers: Int)
    }

    private struct State {
        var entries: [SHA256Digest: Entry] = [:]
        var sizes: [SHA256Digest: Int] = [:]
        /// Digests, least recently used first.
        var order: [SHA256Digest] = []
        var total = 0
    }

    private enum Step {
        case take(Part)
        case make
        case wait
    }

    /// How long a reader may keep a part that takes the room others wait for.
    private static let patience = Duration.seconds(1)
    private static let pause = Duration.milliseconds(5)

    private let limit: Int
    private let threads: WorkerThreads
    /// Decoders and buffers, shared by all readers.
    let tools: PieceTools
    private let state = Mutex(State())

    init(limit: Int, _ threads: WorkerThreads) {
        (self.limit, self.threads) = (limit, threads)
        tools = PieceTools(count: threads.count)
    }

    /// The bytes of a part. The caller must call `release` when it is done.
    /// - Throws: errors of `BuildPieces.decode`; `CancellationError`.
    func take(_ index: Int, of pieces: BuildPieces) async throws -> Part {
        let piece = pieces.pieces[index]
        while true {
            switch state.withLock({ Self.step(piece.digest, piece.range.count, limit, &$0) }) {
            case .take(let part): return part
            case .wait: try await Task.sleep(for: Self.pause)
            case .make: return try await make(index, of: pieces, readers: 1)
            }
        }
    }

    /// Decodes a part ahead of its reader, if there is room without reclaiming other parts.
    func prepare(_ index: Int, of pieces: BuildPieces) async {
        let piece = pieces.pieces[index]
        let isDue = state.withLock { state -> Bool in
            guard state.entries[piece.digest] == nil else { return false }
            Self.makeRoom(piece.range.count, limit, takesFromReaders: false, &state)
            guard state.total + piece.range.count <= limit else { return false }
            Self.begin(piece.digest, piece.range.count, &state)
            return true
        }
        // The reader of the part will meet the same error and report it.
        if isDue { _ = try? await make(index, of: pieces, readers: 0) }
    }

    private func make(_ index: Int, of pieces: BuildPieces, readers: Int) async throws -> Part {
        let digest = pieces.pieces[index].digest
        let tools = tools
        do {
            let part = Part(try await threads.run { try pieces.decode(index, with: tools) })
            state.withLock { $0.entries[digest] = .made(part, readers: readers) }
            return part
        } catch {
            state.withLock { Self.forget(digest, &$0) }
            throw error
        }
    }

    /// Ends a reader's use of a part; the part is kept for others while there is room.
    func release(_ part: Part, _ digest: SHA256Digest) {
        state.withLock { state in
            guard case .made(let known, let readers)? = state.entries[digest], known === part else { return }
            state.entries[digest] = .made(part, readers: max(0, readers - 1))
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
        makeRoom(size, limit, takesFromReaders: true, &state)
        guard state.total + size <= limit || state.entries.isEmpty else { return .wait }
        begin(digest, size, &state)
        return .make
    }

    private static func begin(_ digest: SHA256Digest, _ size: Int, _ state: inout State) {
        state.entries[digest] = .making
        state.sizes[digest] = size
        state.order.append(digest)
        state.total += size
    }

    /// Reclaims parts without readers first, then parts that a reader has had for long.
    private static func makeRoom(_ size: Int, _ limit: Int, takesFromReaders: Bool, _ state: inout State) {
        for isRead in takesFromReaders ? [false, true] : [false] {
            for other in state.order where state.total + size > limit {
                guard case .made(let part, let readers)? = state.entries[other], (readers > 0) == isRead else {
                    continue
                }
                // A part that was just decoded ahead is about to be read.
                let isFresh = ContinuousClock.now - part.since < patience
                if isFresh, isRead || !takesFromReaders { continue }
                part.takeBack()
                forget(other, &state)
            }
        }
    }

    private static func forget(_ digest: SHA256Digest, _ state: inout State) {
        state.entries[digest] = nil
        state.total -= state.sizes.removeValue(forKey: digest) ?? 0
        state.order.removeAll { $0 == digest }
    }
}
