import BinaryIO
import Foundation
import SystemPackage
import Work

/// One file on its way into a pack; see `ObjectStore.pack`. Several threads work at it at once.
///
/// Unchecked: the digest of the whole is touched by the thread whose turn it is, all else that changes under `placing`.
final class PackingRun: @unchecked Sendable {
    /// Where a piece of the file lies, or will lie.
    private enum Place {
        case known(StoredPart)
        /// The same bytes as an earlier piece of the same file.
        case twin(Int)
        case fresh(SHA256Digest, PartEncoding, offset: Int, stored: Int)
    }

    private let store: ObjectStore
    private let file: FilePath
    private let input: FileDescriptor
    private let output: AtomicFile
    private let pieces: [PartCut.Piece]

    /// Pieces are read, and added to the digest of the whole, in the order of the file.
    private let order = TaskOrder()
    private var hasher = SHA256Hasher()

    /// Guards the output and all below.
    private let placing = NSLock()
    private var places: [Place?]
    /// By digest, which piece was written first.
    private var fresh: [SHA256Digest: Int] = [:]
    /// Parts that had a row whose bytes are not there or not right, as that row was.
    private(set) var replaced: [SHA256Digest: StoredPart] = [:]

    /// - Parameters:
    ///   - input: the file, opened.
    ///   - output: what becomes the pack.
    init(
        _ file: FilePath,
        _ pieces: [PartCut.Piece],
        from input: FileDescriptor,
        to output: AtomicFile,
        of store: ObjectStore
    ) {
        (self.file, self.pieces, self.input, self.output, self.store) = (file, pieces, input, output, store)
        places = Array(repeating: nil, count: pieces.count)
    }

    /// Reads the whole file and writes what lies nowhere yet; parameters as for `ObjectStore.pack`.
    func run(known: (SHA256Digest) throws -> StoredPart?, advance: (Int) throws -> Void) throws {
        try withoutActuallyEscaping(known) { known in
            try withoutActuallyEscaping(advance) { try takeIn($0, known) }
        }
    }

    private func takeIn(
        _ advance: @escaping (Int) throws -> Void,
        _ known: @escaping (SHA256Digest) throws -> StoredPart?
    ) throws {
        // The first is called in the order of the pieces, the second under `placing`.
        nonisolated(unsafe) let (advance, known) = (advance, known)
        try Workers(count: ObjectStore.workerCount).forEach(
            pieces.count,
            order: order,
            scratch: { try PackingTools(store) }
        ) { tools, index in
            let bytes = UnsafeRawBufferPointer(rebasing: tools.buffer[..<pieces[index].count])
            try order.inTurn(index) {
                try read(pieces[index], into: tools.buffer)
                try advance(bytes.count)
            }
            let digest = SHA256Digest(of: bytes)
            if try !find(digest, of: index, known, &tools.checker) {
                try write(bytes, digest, of: index, tools.encoder)
            }
        }
    }

    /// Reads a piece and adds it to the digest of the whole.
    private func read(_ piece: PartCut.Piece, into buffer: UnsafeMutableRawBufferPointer) throws {
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
        guard try ObjectStore.read(input, at: piece.offset, into: target, of: file) else {
            throw RegistryError.changedWhileReading(file)
        }
        hasher.update(UnsafeRawBufferPointer(target))
    }

    /// Looks for a piece among those of this file, then among all parts that have a row; such a one is read before it is
    /// relied on.
    /// - Returns: whether it need not be written.
    private func find(
        _ digest: SHA256Digest,
        of index: Int,
        _ known: (SHA256Digest) throws -> StoredPart?,
        _ checker: inout PartChecker
    ) throws -> Bool {
        let (isTwin, part) = try placing.withLock { () -> (Bool, StoredPart?) in
            placesAsTwin(digest, index) ? (true, nil) : (false, try known(digest))
        }
        guard let part else { return isTwin }
        let isIntact = try checker.isIntact(part)
        placing.withLock {
            if isIntact { places[index] = .known(part) } else { replaced[digest] = part }
        }
        return isIntact
    }

    /// Encodes a piece, beside those of other threads, and adds it to the pack.
    private func write(
        _ bytes: UnsafeRawBufferPointer,
        _ digest: SHA256Digest,
        of index: Int,
        _ encoder: PartEncoder
    ) throws {
        let encoded = try encoder.encode(bytes, elementBytes: pieces[index].elementBytes)
        try placing.withLock {
            // Another thread may have been at the same bytes.
            if placesAsTwin(digest, index) { return }
            let offset = output.count
            try output.write(encoded.bytes)
            fresh[digest] = index
            places[index] = .fresh(digest, encoded.encoding, offset: offset, stored: encoded.bytes.count)
        }
    }

    /// Places a piece with an earlier one of the same bytes, where there is one; called while `placing` is locked.
    private func placesAsTwin(_ digest: SHA256Digest, _ index: Int) -> Bool {
        guard let twin = fresh[digest] else { return false }
        places[index] = .twin(twin)
        return true
    }
}

/// What came of it; to be asked after `run` has returned.
extension PackingRun {
    /// Whether nothing had to be written.
    var isEmpty: Bool { fresh.isEmpty }

    /// Of the whole file.
    var digest: SHA256Digest { hasher.finalize() }

    /// The parts in the order of the file.
    /// - Parameter pack: what the output became.
    func parts(in pack: StoredPart.Pack) -> [StoredPart] { pieces.indices.map { part(at: $0, in: pack) } }

    private func part(at index: Int, in pack: StoredPart.Pack) -> StoredPart {
        switch places[index] {
        case .known(let part): part
        case .twin(let twin): part(at: twin, in: pack)
        case .fresh(let digest, let encoding, let offset, let stored):
            StoredPart(
                digest: digest,
                encoding: encoding,
                rawBytes: pieces[index].count,
                storedBytes: stored,
                offset: offset,
                pack: pack
            )
        case nil: preconditionFailure("a piece was neither stored nor known, and no thread said why")
        }
    }
}

/// What one thread needs to take pieces in.
private final class PackingTools {
    let encoder: PartEncoder
    let buffer: UnsafeMutableRawBufferPointer
    var checker: PartChecker

    init(_ store: ObjectStore) throws {
        encoder = try PartEncoder(smallestGain: try store.smallestGain())
        buffer = .allocate(byteCount: PartCut.longestPart, alignment: 64)
        checker = PartChecker(store: store)
    }

    deinit {
        buffer.deallocate()
        checker.close()
    }
}
