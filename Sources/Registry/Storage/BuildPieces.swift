import BinaryIO
import Synchronization
import SystemPackage

/// The bytes of a published build as they are stored, for a server with many readers. Uncompressed bytes are read
/// straight from their file; compressed bytes are decoded piece by piece into memory that the caller keeps.
///
/// All bytes are verified against their SHA-256 before they are returned. An uncompressed piece is hashed when it is
/// first read, and again after its file has changed. Several threads may read at once. The value stays usable after the
/// registry is closed.
package final class BuildPieces: Sendable {
    /// A run of the build's bytes with its own SHA-256.
    package struct Piece: Sendable {
        /// The range of bytes in the build's file.
        package let range: Range<Int>
        /// SHA-256 of these bytes.
        package let digest: SHA256Digest
        /// Whether the bytes are stored uncompressed.
        package let isPlain: Bool
    }

    /// The open file of an uncompressed piece, and the offset of the piece in it.
    private struct Place {
        let path: FilePath
        let offset: Int
        let fileBytes: Int
    }

    /// The number of bytes of an uncompressed piece that are hashed at a time.
    private static let slabBytes = 1 << 20

    /// SHA-256 of all the bytes.
    package let digest: SHA256Digest
    /// Size of the whole build, in bytes.
    package let count: Int
    /// The pieces in the order of the file, without a gap.
    package let pieces: [Piece]

    private let store: ObjectStore
    private let object: StoredObject
    /// The parts; empty if the object is one file.
    private let parts: [StoredPart]
    /// The status of the file when a piece was verified, by piece.
    private let verified = Mutex<[Int: FileStatus]>([:])

    /// - Throws: `RegistryError.damagedRow` if the parts cannot be those of the object.
    fileprivate init?(_ object: StoredObject, parts: [StoredPart], in store: ObjectStore) throws {
        switch object.encoding {
        case .parts:
            try ObjectStore.check(parts, of: object)
            var end = 0
            pieces = parts.map { part in
                defer { end += part.rawBytes }
                return Piece(
                    range: end..<(end + part.rawBytes),
                    digest: part.digest,
                    isPlain: part.encoding == .raw
                )
            }
        case .raw: pieces = [Piece(range: 0..<object.rawBytes, digest: object.digest, isPlain: true)]
        case .zstd: return nil
        }
        (self.object, self.parts, self.store) = (object, parts, store)
        (digest, count) = (object.digest, object.rawBytes)
    }

    /// The index of the piece that contains a byte.
    /// - Precondition: the offset is inside the build.
    package func index(at offset: Int) -> Int {
        var (low, high) = (0, pieces.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if pieces[middle].range.lowerBound <= offset { low = middle } else { high = middle }
        }
        return low
    }

    private func place(_ index: Int) -> Place {
        guard !parts.isEmpty else {
            return Place(path: store.path(of: object), offset: 0, fileBytes: object.storedBytes)
        }
        let part = parts[index]
        return Place(path: store.path(of: part.pack.name), offset: part.offset, fileBytes: part.pack.byteCount)
    }

    /// Reads a range of an uncompressed piece straight from its file.
    /// - Parameters:
    ///   - range: a range of the build's bytes, inside the piece.
    ///   - target: the destination, of exactly the size of the range.
    /// - Returns: false if the file is not on this disk and may be in object storage; `decode` downloads it.
    /// - Throws: `RegistryError.damagedObject`, `.objectsMissing`, `.unreadable`; `FileError`.
    package func read(_ index: Int, _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer) throws -> Bool {
        let piece = pieces[index]
        precondition(piece.isPlain && target.count == range.count && range.clamped(to: piece.range) == range)
        let place = place(index)
        func damage(_ detail: String) -> RegistryError { .damagedObject(digest, path: place.path, detail: detail) }
        // Only the bytes of a part are downloaded; an object in one file is downloaded whole.
        if parts.isEmpty { try store.bring(object) }
        guard let size = try store.size(ofOwn: place.path) else {
            if store.tier != nil, !parts.isEmpty { return false }
            throw damage("the file is missing")
        }
        guard size == place.fileBytes else {
            throw damage("the file has \(size) bytes, \(place.fileBytes) were stored")
        }
        let input = try ObjectStore.reading(place.path) {
            try FileDescriptor.open(place.path, .readOnly, options: [.noFollow, .nonBlocking])
        }
        defer { try? input.close() }
        let status = FileStatus(input)
        if status == nil || verified.withLock({ $0[index] }) != status {
            guard try hash(input, place, piece.range.count) == piece.digest else {
                throw damage("bytes \(piece.range.lowerBound)..<\(piece.range.upperBound) are not what was published")
            }
            verified.withLock { $0[index] = status }
        }
        let offset = place.offset + range.lowerBound - piece.range.lowerBound
        guard try ObjectStore.read(input, at: offset, into: target, of: place.path) else {
            throw damage("the file ends early")
        }
        return true
    }

    private func hash(_ input: FileDescriptor, _ place: Place, _ byteCount: Int) throws -> SHA256Digest? {
        let slab = UnsafeMutableRawBufferPointer.allocate(byteCount: min(Self.slabBytes, byteCount), alignment: 64)
        defer { slab.deallocate() }
        var hasher = SHA256Hasher()
        var done = 0
        while done < byteCount {
            let target = UnsafeMutableRawBufferPointer(rebasing: slab[..<min(slab.count, byteCount - done)])
            guard try ObjectStore.read(input, at: place.offset + done, into: target, of: place.path) else { return nil }
            hasher.update(UnsafeRawBufferPointer(target))
            done += target.count
        }
        return hasher.finalize()
    }

    /// All bytes of a part, verified, from the disk or object storage.
    /// - Precondition: the build is stored in parts.
    /// - Throws: the errors of `read`, and `ObjectStorageError` if object storage cannot be reached.
    package func decode(_ index: Int, with tools: PieceTools) throws -> PieceMemory {
        let part = parts[index]
        let memory = try PieceMemory(part.rawBytes)
        let status = FileStatus(store.path(of: part.pack.name))
        let isKnown = status != nil && verified.withLock { $0[index] } == status
        try tools.with(part.storedBytes) { decoder, stored in
            let bytes = try store.decode(part, of: digest, decoder, [stored, memory.buffer], isVerified: isKnown)
            if bytes.baseAddress != UnsafeRawPointer(memory.buffer.baseAddress) {
                memory.buffer.copyMemory(from: bytes)
            }
        }
        if !isKnown { verified.withLock { $0[index] = status } }
        return memory
    }
}

extension ModelRegistry {
    /// The bytes of a published file, for many readers at once; nil if the file is stored elsewhere or as a single
    /// compressed file. Read such a file with `bytes(of:)`.
    /// - Throws: `RegistryError.notFound`.
    package func pieces(of digest: SHA256Digest) throws -> BuildPieces? {
        guard elsewhere == nil else { return nil }
        let (object, parts) = try look { database in
            guard let object = try Rows.object(digest, database) else {
                throw RegistryError.notFound("\(digest)", available: [])
            }
            return (object, object.encoding == .parts ? try Rows.parts(of: digest, database) : [])
        }
        return try BuildPieces(object, parts: parts, in: store)
    }

    /// The offered builds with these bytes, under any name.
    /// - Throws: `RegistryError`.
    package func builds(ofDigest digest: SHA256Digest) throws -> [BuildRecord] {
        try builds(ofDigests: [digest], channel: nil)
    }
}
