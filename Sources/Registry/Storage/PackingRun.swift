import BinaryIO
import Foundation
import SystemPackage

/// One file on its way into a pack; see `ObjectStore.pack`. Several threads work at it at once.
final class PackingRun {
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

    /// Guards the two below: pieces are read in the order of the file.
    private let reading = NSLock()
    private var next = 0
    private var hasher = SHA256Hasher()

    /// Guards the output and all below.
    private let placing = NSLock()
    private var failure: (any Error)?
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
        Workers.run(min(ObjectStore.workerCount, pieces.count)) {
            do {
                try work(known, advance)
            } catch {
                placing.withLock { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
    }

    /// What one thread does until there is nothing left, or another one failed.
    private func work(_ known: (SHA256Digest) throws -> StoredPart?, _ advance: (Int) throws -> Void) throws {
        let encoder = try PartEncoder()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PartCut.longestPart, alignment: 64)
        defer { buffer.deallocate() }
        var checker = PartChecker(store: store)
        defer { checker.close() }
        while let index = try readPiece(into: buffer, advance) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<pieces[index].count])
            let digest = SHA256Digest(of: bytes)
            if try !find(digest, of: index, known, &checker) { try write(bytes, digest, of: index, encoder) }
        }
    }

    /// Reads the next piece and adds it to the digest of the whole.
    /// - Returns: its number, or nil where no more are to be read.
    private func readPiece(
        into buffer: UnsafeMutableRawBufferPointer,
        _ advance: (Int) throws -> Void
    ) throws -> Int? {
        try reading.withLock {
            guard next < pieces.count, placing.withLock({ failure == nil }) else { return nil }
            let piece = pieces[next]
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
            guard try ObjectStore.read(input, at: piece.offset, into: target, of: file) else {
                throw RegistryError.changedWhileReading(file)
            }
            hasher.update(UnsafeRawBufferPointer(target))
            try advance(piece.count)
            next += 1
            return next - 1
        }
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
