import BinaryIO
import Foundation
import SystemPackage
import Work

/// The work of packing one file; see `ObjectStore.pack`. Several threads work on it at once.
///
/// Unchecked: only the thread whose turn it is uses the digest of the whole, and `placing` guards everything else that
/// changes.
final class PackingRun: @unchecked Sendable {
    /// The place of a piece of the file, now or in the new pack.
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
    /// The index of the piece that was first written, by digest.
    private var fresh: [SHA256Digest: Int] = [:]
    /// Parts with a row whose bytes are missing or damaged, each with that row.
    private(set) var replaced: [SHA256Digest: StoredPart] = [:]

    /// - Parameters:
    ///   - input: the open file.
    ///   - output: the file that becomes the pack.
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

    /// Reads the whole file and writes the new parts. For the parameters see `ObjectStore.pack`.
    func run(known: (SHA256Digest) throws -> StoredPart?, advance: (Int) throws -> Void) throws {
        try withoutActuallyEscaping(known) { known in
            try withoutActuallyEscaping(advance) { try takeIn($0, known) }
        }
    }

    private func takeIn(
        _ advance: @escaping (Int) throws -> Void,
        _ known: @escaping (SHA256Digest) throws -> StoredPart?
    ) throws {
        // `advance` is called in the order of the pieces, and `known` while `placing` is locked.
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

    /// Searches for a piece in this file, then among all parts that have a row. Such a part is verified before it is
    /// reused.
    /// - Returns: whether the piece need not be written.
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

    /// Encodes a piece, in parallel with other threads, and adds it to the pack.
    private func write(
        _ bytes: UnsafeRawBufferPointer,
        _ digest: SHA256Digest,
        of index: Int,
        _ encoder: PartEncoder
    ) throws {
        let encoded = try encoder.encode(bytes, elementBytes: pieces[index].elementBytes)
        try placing.withLock {
            // Another thread may have encoded the same bytes meanwhile.
            if placesAsTwin(digest, index) { return }
            let offset = output.count
            try output.write(encoded.bytes)
            fresh[digest] = index
            places[index] = .fresh(digest, encoded.encoding, offset: offset, stored: encoded.bytes.count)
        }
    }

    /// Reuses an earlier piece with the same bytes, if there is one; call it while `placing` is locked.
    private func placesAsTwin(_ digest: SHA256Digest, _ index: Int) -> Bool {
        guard let twin = fresh[digest] else { return false }
        places[index] = .twin(twin)
        return true
    }
}

/// The results, available after `run` has returned.
extension PackingRun {
    /// Whether nothing had to be written.
    var isEmpty: Bool { fresh.isEmpty }

    /// SHA-256 of the whole file.
    var digest: SHA256Digest { hasher.finalize() }

    /// The parts in the order of the file.
    /// - Parameter pack: the pack that was written.
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

/// The tools of one thread that packs pieces.
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
