import BinaryIO
import Synchronization
import SystemPackage

/// The bytes of a published build as they lie on the disk, for whoever hands them to many readers at once: what lies there
/// plain is read straight from its file, and what is compressed is decoded piece by piece, wherever the caller keeps it.
///
/// Nothing is handed out that was not held against its SHA-256 first. A plain piece is hashed when it is first read, and
/// again once its file has changed. Several threads may read at once; the value stays usable when the registry is closed.
package final class BuildPieces: Sendable {
    /// A run of the build's bytes with a SHA-256 of its own.
    package struct Piece: Sendable {
        /// Where it lies in the build's file.
        package let range: Range<Int>
        /// Of these bytes.
        package let digest: SHA256Digest
        /// Whether its bytes lie in a file as they are.
        package let isPlain: Bool
    }

    /// A plain piece's file, open, with the place of the piece in it.
    private struct Place {
        let path: FilePath
        let offset: Int
        let fileBytes: Int
    }

    /// How much of a plain piece is hashed at a time, in bytes.
    private static let slabBytes = 1 << 20

    /// SHA-256 of all the bytes.
    package let digest: SHA256Digest
    /// Of the whole build, in bytes.
    package let count: Int
    /// In the order of the file, without a gap.
    package let pieces: [Piece]

    private let store: ObjectStore
    private let object: StoredObject
    /// Empty where the object is one file.
    private let parts: [StoredPart]
    /// By piece: what the file was when the bytes were found to be right.
    private let verified = Mutex<[Int: FileStatus]>([:])

    /// - Throws: `RegistryError.damagedRow` where the parts cannot be those of the object.
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

    /// The number of the piece that a byte is in.
    /// - Precondition: the build has this byte.
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

    /// Reads a range of a plain piece, straight from its file.
    /// - Parameters:
    ///   - range: of the build's bytes, inside of the piece.
    ///   - target: takes exactly these bytes.
    /// - Returns: false where the file is not here and may be in object storage; `decode` fetches it.
    /// - Throws: `RegistryError.damagedObject`, `.objectsMissing`, `.unreadable`; `FileError`.
    package func read(_ index: Int, _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer) throws -> Bool {
        let piece = pieces[index]
        precondition(piece.isPlain && target.count == range.count && range.clamped(to: piece.range) == range)
        let place = place(index)
        func damage(_ detail: String) -> RegistryError { .damagedObject(digest, path: place.path, detail: detail) }
        // Of a part only its own bytes are fetched; a file comes whole.
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

    /// All bytes of a part, verified, wherever they lie.
    /// - Precondition: the build lies in parts.
    /// - Throws: as `read`, and `ObjectStorageError` where object storage cannot be asked.
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
    /// The bytes of a published file, for many readers at once; nil for one that lies in a single compressed file, or elsewhere: it
    /// is read through `bytes(of:)`.
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

    /// Builds that are offered with these bytes, under whatever name.
    /// - Throws: `RegistryError`.
    package func builds(ofDigest digest: SHA256Digest) throws -> [BuildRecord] {
        try builds(ofDigests: [digest], channel: nil)
    }
}
