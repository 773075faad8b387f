import BinaryIO
import Foundation
import SystemPackage
import Work
import Zstd

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

extension ObjectStore {
    /// Passes the raw bytes of an object in parts to `body`, verifies each part first, and verifies at the end that
    /// together they are the published bytes.
    ///
    /// Several threads read and decode; the pieces are added to the digest of the whole in the order of the file.
    /// - Parameters:
    ///   - body: takes a part's bytes and their offset in the file; called from several threads at once.
    ///   - advance: called with each number of bytes verified, in order; called from several threads, one at a time.
    /// - Throws: `RegistryError.damagedObject`; `FileError` if a file cannot be read.
    func read(
        _ object: StoredObject,
        parts: [StoredPart],
        advance: (Int) throws -> Void = { _ in },
        _ body: (UnsafeRawBufferPointer, Int) throws -> Void
    ) throws {
        try Self.check(parts, of: object)
        var offsets: [Int] = []
        var end = 0
        for part in parts {
            offsets.append(end)
            end += part.rawBytes
        }
        try bring(parts)
        let digest = try withoutActuallyEscaping(body) { body in
            try withoutActuallyEscaping(advance) { try unpack(object, parts, offsets, $0, body) }
        }
        trim()
        guard digest == object.digest else {
            throw RegistryError.damagedObject(
                object.digest,
                path: packs,
                detail: "its parts together have the SHA-256 \(digest.short)..."
            )
        }
    }

    /// - Returns: the digest of all parts' bytes together.
    private func unpack(
        _ object: StoredObject,
        _ parts: [StoredPart],
        _ offsets: [Int],
        _ advance: @escaping (Int) throws -> Void,
        _ body: @escaping (UnsafeRawBufferPointer, Int) throws -> Void
    ) throws -> SHA256Digest {
        // The caller's `body` supports several threads; the other two are only used by the thread whose turn it is.
        nonisolated(unsafe) let (body, advance) = (body, advance)
        nonisolated(unsafe) var hasher = SHA256Hasher()
        let longest = parts.map(\.rawBytes).max() ?? 0
        let order = TaskOrder()
        try Workers(count: Self.workerCount).forEach(
            parts.count,
            order: order,
            scratch: { try UnpackingTools(longest: longest) }
        ) { tools, index in
            let bytes = try decode(parts[index], of: object.digest, tools.decoder, tools.buffers)
            try body(bytes, offsets[index])
            try order.inTurn(index) {
                hasher.update(bytes)
                try advance(bytes.count)
            }
        }
        return hasher.finalize()
    }

    /// Checks the parts in the database against the object before memory is allocated for them.
    static func check(_ parts: [StoredPart], of object: StoredObject) throws {
        let isSound = parts.allSatisfy { part in
            part.isPossible && part.offset + part.storedBytes <= part.pack.byteCount
        }
        guard isSound, parts.reduce(0, { $0 + $1.rawBytes }) == object.rawBytes else {
            throw RegistryError.damagedRow(
                field: "parts of \(object.digest.short)",
                detail: "the database gives them sizes that cannot be"
            )
        }
    }

    /// One part's raw bytes, verified; they are valid until the buffers are used again.
    /// - Parameters:
    ///   - buffers: the first takes the part as it is stored, the second its raw bytes if they are not stored raw.
    ///   - isSalvage: whether to read the part even from a pack of the wrong length.
    ///   - source: object storage alone, if the file on the disk is not to be trusted.
    ///   - isVerified: whether the same bytes of the pack were verified before.
    func decode(
        _ part: StoredPart,
        of object: SHA256Digest,
        _ decoder: PartDecoder,
        _ buffers: [UnsafeMutableRawBufferPointer],
        isSalvage: Bool = false,
        from source: PartSource = .nearest,
        isVerified: Bool = false
    ) throws -> UnsafeRawBufferPointer {
        let path = path(of: part.pack.name)
        func damage(_ detail: String) -> RegistryError { .damagedObject(object, path: path, detail: detail) }
        guard part.isPossible, part.storedBytes <= buffers[0].count, part.rawBytes <= buffers[1].count else {
            throw damage("part \(part.digest.short) has a size or a place that no part has")
        }
        let stored = UnsafeMutableRawBufferPointer(rebasing: buffers[0][..<part.storedBytes])
        if try source == .tier || !readHere(part, path, into: stored, isSalvage, damage) {
            try readAway(part, path, into: stored, isSalvage, damage)
        }
        var bytes = UnsafeRawBufferPointer(stored)
        if part.encoding != .raw {
            let raw = UnsafeMutableRawBufferPointer(rebasing: buffers[1][..<part.rawBytes])
            do {
                try decoder.decode(bytes, part.encoding, into: raw)
            } catch let error as ZstdError {
                throw damage("part \(part.digest.short): \(error.description)")
            }
            bytes = UnsafeRawBufferPointer(raw)
        }
        guard bytes.count == part.rawBytes, isVerified || SHA256Digest(of: bytes) == part.digest else {
            throw damage("part \(part.digest.short) holds other bytes than were published")
        }
        return bytes
    }

    /// - Returns: false if the pack is not on the disk and may be in object storage.
    private func readHere(
        _ part: StoredPart,
        _ path: FilePath,
        into stored: UnsafeMutableRawBufferPointer,
        _ isSalvage: Bool,
        _ damage: (String) -> RegistryError
    ) throws -> Bool {
        guard let size = try size(ofOwn: path) else { return false }
        guard size == part.pack.byteCount || isSalvage else {
            throw damage("the pack has \(size) bytes, \(part.pack.byteCount) were stored")
        }
        let input: FileDescriptor
        do {
            input = try Self.reading(path) {
                try FileDescriptor.open(path, .readOnly, options: [.noFollow, .nonBlocking])
            }
        } catch let error as FileError where tier != nil && error.errno == .noSuchFileOrDirectory {
            // Another process has just removed the file to make room.
            return false
        }
        defer { try? input.close() }
        guard try Self.read(input, at: part.offset, into: stored, of: path) else { throw damage("the pack ends early") }
        return true
    }

    /// Fills the target from a file.
    /// - Returns: false if the file is too short.
    static func read(
        _ input: FileDescriptor,
        at offset: Int,
        into target: UnsafeMutableRawBufferPointer,
        of path: FilePath
    ) throws -> Bool {
        var done = 0
        while done < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = try naming(path) { try input.read(fromAbsoluteOffset: Int64(offset + done), into: rest) }
            if count == 0 { return false }
            done += count
        }
        return true
    }

    static func remove(_ path: FilePath) { unlink(path.string) }
}

/// The tools of one thread that decodes parts.
private final class UnpackingTools {
    let decoder: PartDecoder
    let buffers: [UnsafeMutableRawBufferPointer]

    init(longest: Int) throws {
        decoder = try PartDecoder()
        buffers = (0..<2).map { _ in .allocate(byteCount: longest, alignment: 64) }
    }

    deinit { for buffer in buffers { buffer.deallocate() } }
}

/// Runs `body` and adds the file's name to errors of the system.
func naming<Value>(_ path: FilePath, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let reason as Errno { throw FileError("read", path, errno: reason) }
}
