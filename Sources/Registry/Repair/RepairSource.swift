import BinaryIO
import Foundation
import GRDB
import SystemPackage

/// A source of bytes for a repair. Only bytes with the right SHA-256 are accepted.
public enum RepairSource: Sendable {
    case registry(ModelRegistry)
    /// Any file, such as a build that was pulled.
    /// - Parameter cuts: where its parts begin, if known; parts of other builds are then found in it too.
    case file(FilePath, cuts: [PartCut])
    /// A folder of files named by the SHA-256 of their bytes, such as an export's `blobs/sha256`.
    case blobs(FilePath)

    var name: String {
        switch self {
        case .registry(let registry): registry.path.string
        case .file(let path, _), .blobs(let path): path.string
        }
    }
}

/// A place in a published file where a part occurs.
struct PartPlace: Hashable, Sendable {
    let object: SHA256Digest
    /// Byte offset in the file.
    let offset: Int
}

/// Searches the sources of a repair for bytes.
struct ByteFinder {
    let sources: [RepairSource]
    private let decoder: PartDecoder
    private let buffers: [UnsafeMutableRawBufferPointer]
    /// The parts of files whose cuts are known, by digest; computed at the first search.
    private var pieces: [SHA256Digest: (file: FilePath, piece: PartCut.Piece)]?

    /// - Parameter buffers: two buffers of at least `PartCut.longestAccepted` bytes, which hold the bytes that are
    ///   found.
    init(_ sources: [RepairSource], _ buffers: [UnsafeMutableRawBufferPointer]) throws {
        (self.sources, self.buffers) = (sources, buffers)
        decoder = try PartDecoder()
    }

    /// The raw bytes of a part, and the source that has them.
    /// - Parameter places: where the part occurs in published files.
    mutating func find(
        _ part: StoredPart,
        at places: [PartPlace]
    ) throws -> (bytes: UnsafeRawBufferPointer, source: String)? {
        for source in sources {
            let bytes: UnsafeRawBufferPointer? =
                switch source {
                case .registry(let registry): try find(part, in: registry)
                case .file(let path, _): try places.lazy.compactMap { try slice(part, path, $0.offset) }.first
                case .blobs(let folder):
                    try places.lazy.compactMap { try slice(part, folder.appending("\($0.object)"), $0.offset) }.first
                }
            if let bytes { return (bytes, source.name) }
        }
        guard let known = try digested()[part.digest], known.piece.count == part.rawBytes,
            let bytes = try slice(part, known.file, known.piece.offset)
        else {
            return nil
        }
        return (bytes, known.file.string)
    }

    /// Passes a file with the bytes of an object to `use`.
    /// - Parameter scratch: where a temporary file may be written.
    /// - Returns: the source; nil if none has the bytes.
    func find(_ object: StoredObject, scratch: FilePath, _ use: (FilePath) throws -> Void) throws -> String? {
        for source in sources {
            switch source {
            case .registry(let registry):
                guard let found = try registry.look({ try Rows.object(object.digest, $0) }) else { continue }
                let output = try AtomicFile(path: scratch, isOfRegistry: true)
                do {
                    try registry.read(found) { bytes, offset in try output.write(bytes, at: offset) }
                } catch is RegistryError {
                    continue
                }
                try output.finish(byteCount: found.rawBytes)
                try output.commit()
                defer { ObjectStore.remove(scratch) }
                try use(scratch)
                return source.name
            case .file(let path, _):
                guard ObjectStore.size(of: path) == object.rawBytes, try SHA256Digest(ofFile: path) == object.digest
                else { continue }
                try use(path)
                return source.name
            case .blobs(let folder):
                let path = folder.appending(object.digest.description)
                guard ObjectStore.size(of: path) == object.rawBytes, try SHA256Digest(ofFile: path) == object.digest
                else { continue }
                try use(path)
                return source.name
            }
        }
        return nil
    }

    private func find(_ part: StoredPart, in registry: ModelRegistry) throws -> UnsafeRawBufferPointer? {
        let known = try registry.look { database in
            try database.tableExists("part") ? try Rows.part(part.digest, database) : nil
        }
        guard let known, known.rawBytes == part.rawBytes else { return nil }
        // A part that is damaged in that registry too does not count.
        return try? registry.store.decode(known, of: part.digest, decoder, buffers)
    }

    private func slice(_ part: StoredPart, _ path: FilePath, _ offset: Int) throws -> UnsafeRawBufferPointer? {
        guard part.isPossible, let size = ObjectStore.size(of: path), offset <= size - part.rawBytes else { return nil }
        let input = try naming(path) { try FileDescriptor.open(path, .readOnly) }
        defer { try? input.close() }
        let target = UnsafeMutableRawBufferPointer(rebasing: buffers[1][..<part.rawBytes])
        guard try ObjectStore.read(input, at: offset, into: target, of: path) else { return nil }
        let bytes = UnsafeRawBufferPointer(target)
        return SHA256Digest(of: bytes) == part.digest ? bytes : nil
    }

    private mutating func digested() throws -> [SHA256Digest: (file: FilePath, piece: PartCut.Piece)] {
        if let pieces { return pieces }
        var found: [SHA256Digest: (file: FilePath, piece: PartCut.Piece)] = [:]
        for case .file(let path, let cuts) in sources where !cuts.isEmpty {
            guard let size = ObjectStore.size(of: path), size > 0 else { continue }
            let input = try naming(path) { try FileDescriptor.open(path, .readOnly) }
            defer { try? input.close() }
            for piece in try PartCut.pieces(of: size, cutAt: cuts) {
                let target = UnsafeMutableRawBufferPointer(rebasing: buffers[1][..<piece.count])
                guard try ObjectStore.read(input, at: piece.offset, into: target, of: path) else { break }
                found[SHA256Digest(of: UnsafeRawBufferPointer(target))] = (path, piece)
            }
        }
        pieces = found
        return found
    }
}
