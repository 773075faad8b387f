import BinaryIO
import SystemPackage
import Zstd

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

extension ObjectStore {
    /// The zstd level for objects. Quantized weights are nearly random, so higher levels cost minutes for another
    /// percent.
    static let compressionLevel: Int32 = 3
    /// The default of `smallestGain`, as a fraction of the bytes.
    static let usualGain = 0.01

    /// The fraction that compression must save for an object or a part to be stored compressed.
    /// - Throws: `RegistryError` if `packing.json` cannot be read.
    func smallestGain() throws -> Double { try PackingNote(in: root)?.smallestGain ?? Self.usualGain }

    /// Stores the bytes of a file whose digest is known, durably, and returns how they are stored.
    ///
    /// The order matters: a temporary file is written and synced, made read-only, and linked under its final name,
    /// which never replaces another writer's object; then its folder is synced. `docs/registry-format.md` says what a
    /// crash after each step leaves.
    /// - Parameters:
    ///   - replacing: whether to replace an object that is known to be damaged.
    ///   - advance: called with the number of raw bytes read each time.
    /// - Throws: `RegistryError.changedWhileReading` if the file no longer has this digest; `FileError`.
    func store(
        _ file: FilePath,
        digest: SHA256Digest,
        byteCount: Int,
        replacing: Bool,
        advance: (Int) throws -> Void
    ) throws -> StoredObject {
        let smallestGain = try smallestGain()
        let isCompressed = try storeTemporary(file, digest, byteCount, .zstd, advance: advance) { temporary, stored in
            guard Double(stored) <= Double(byteCount) * (1 - smallestGain) else { return false }
            try settle(temporary, as: path(of: digest, .zstd), replacing: replacing)
            return true
        }
        if !isCompressed {
            _ = try storeTemporary(file, digest, byteCount, .raw, advance: { _ in }) { temporary, _ in
                try settle(temporary, as: path(of: digest, .raw), replacing: replacing)
                return true
            }
        }
        let kept = isCompressed ? ObjectEncoding.zstd : .raw
        guard let storedBytes = Self.size(of: path(of: digest, kept)) else {
            throw RegistryError.objectVanished(digest)
        }
        return StoredObject(digest: digest, encoding: kept, rawBytes: byteCount, storedBytes: storedBytes)
    }

    /// Writes the file's bytes in one encoding to a temporary file, passes that to `use`, and deletes it.
    private func storeTemporary(
        _ file: FilePath,
        _ digest: SHA256Digest,
        _ byteCount: Int,
        _ encoding: ObjectEncoding,
        advance: (Int) throws -> Void,
        use: (FilePath, Int) throws -> Bool
    ) throws -> Bool {
        try makeFolder(incoming)
        // Two threads may store the same bytes at once, so the name is random; the digest in front helps a person who
        // finds the file after a crash.
        let temporary = incoming.appending("\(digest).\(UInt64.random(in: 0 ... .max))")
        let output = try AtomicFile(path: temporary, isOfRegistry: true)
        var hasher = SHA256Hasher()
        var seen = 0
        let compressor =
            encoding == .zstd ? try ZstdCompressor(level: Self.compressionLevel, byteCount: byteCount) : nil
        try forEachSlab(of: file) { slab in
            seen += slab.count
            guard seen <= byteCount else { throw RegistryError.changedWhileReading(file) }
            hasher.update(slab)
            if let compressor {
                try compressor.write(slab) { try output.write($0) }
            } else {
                try output.write(slab)
            }
            try advance(slab.count)
        }
        // The file was read before to compute its digest; the bytes that were stored must be the same.
        guard seen == byteCount, hasher.finalize() == digest else { throw RegistryError.changedWhileReading(file) }
        try compressor?.finish { try output.write($0) }
        let stored = output.count
        try output.commit()
        defer { unlink(temporary.string) }
        return try use(temporary, stored)
    }

    /// Gives a finished temporary file its final name.
    func settle(_ temporary: FilePath, as final: FilePath, replacing: Bool) throws {
        try makeFolder(final.removingLastComponent())
        guard chmod(temporary.string, 0o444) == 0 else {
            throw FileError("make read-only", temporary, errno: Errno(rawValue: errno))
        }
        if replacing {
            try rename(temporary, final)
        } else if link(temporary.string, final.string) != 0 {
            switch Errno(rawValue: errno) {
            // Another writer stored the same bytes first; its row may already give the length of its file.
            case .fileExists: break
            // Not every file system has hard links.
            case .notPermitted, .notSupported, .tooManyLinks: try rename(temporary, final)
            case let reason: throw FileError("link into place", final, errno: reason)
            }
        }
        try synchronizeFolder(of: final)
    }

    /// Moves a file within the store, durably.
    func move(_ path: FilePath, to target: FilePath) throws {
        try rename(path, target)
        try synchronizeFolder(of: target)
        try synchronizeFolder(of: path)
    }

    private func rename(_ temporary: FilePath, _ final: FilePath) throws {
        #if canImport(Darwin)
            let result = Darwin.rename(temporary.string, final.string)
        #else
            let result = Glibc.rename(temporary.string, final.string)
        #endif
        guard result == 0 else { throw FileError("rename into place", final, errno: Errno(rawValue: errno)) }
    }
}
