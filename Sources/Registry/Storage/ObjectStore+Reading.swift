import BinaryIO
import SystemPackage
import Zstd

extension ObjectStore {
    /// Passes an object's raw bytes to `body` in slabs and verifies at the end that they are the published ones.
    ///
    /// `body` sees the bytes before the digest is verified: it must not make them visible until this returns. It never
    /// gets more than the recorded number of bytes, whatever size the compressed data claims.
    /// - Throws: `RegistryError.damagedObject`; `FileError` if a file cannot be read.
    func read(_ object: StoredObject, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard tier != nil else { return try readHere(object, body) }
        var isHandedOut = false
        for attempt in 1... {
            try bring(object)
            do {
                try readHere(object) { bytes in
                    isHandedOut = true
                    try body(bytes)
                }
                return trim()
            } catch  where !isHandedOut && attempt < 3 && Self.size(of: path(of: object)) == nil {
                // Another process removed the file to make room.
                continue
            }
        }
    }

    private func readHere(_ object: StoredObject, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let path = path(of: object)
        func damage(_ detail: String) -> RegistryError {
            .damagedObject(object.digest, path: path, detail: detail)
        }
        guard let size = try size(ofOwn: path) else { throw damage("the file is missing") }
        guard size == object.storedBytes else {
            throw damage("the file has \(size) bytes, \(object.storedBytes) were stored")
        }
        var hasher = SHA256Hasher()
        var produced = 0
        func take(_ bytes: UnsafeRawBufferPointer) throws {
            guard produced + bytes.count <= object.rawBytes else {
                throw damage("it holds more than the \(object.rawBytes) bytes of the build")
            }
            produced += bytes.count
            hasher.update(bytes)
            try body(bytes)
        }
        do {
            switch object.encoding {
            case .raw:
                try Self.reading(path) { try forEachSlab(of: path, take) }
            case .parts:
                preconditionFailure("an object in parts has no file of its own")
            case .zstd:
                let decompressor = try ZstdDecompressor()
                try Self.reading(path) { try forEachSlab(of: path) { try decompressor.write($0, emit: take) } }
                try decompressor.finish()
            }
        } catch let error as ZstdError {
            throw damage(error.description)
        }
        guard produced == object.rawBytes else {
            throw damage("it holds \(produced) bytes, the build has \(object.rawBytes)")
        }
        let digest = hasher.finalize()
        guard digest == object.digest else { throw damage("its bytes have the SHA-256 \(digest.short)...") }
    }

    /// Reads a range of an object in one file that was verified before. A compressed file is decompressed up to the
    /// range.
    /// - Throws: `RegistryError.damagedObject`; `FileError` if the file cannot be read.
    func bytes(_ range: Range<Int>, ofVerified object: StoredObject) throws -> [UInt8] {
        let path = path(of: object)
        func damage(_ detail: String) -> RegistryError { .damagedObject(object.digest, path: path, detail: detail) }
        guard try size(ofOwn: path) == object.storedBytes else { throw damage("the file was replaced") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        guard object.encoding == .zstd else {
            return try Self.reading(path) {
                let input = try FileDescriptor.open(path, .readOnly, options: [.noFollow, .nonBlocking])
                defer { try? input.close() }
                let target = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 64)
                defer { target.deallocate() }
                guard try Self.read(input, at: range.lowerBound, into: target, of: path) else {
                    throw damage("the file ends early")
                }
                return Array(target)
            }
        }
        struct Enough: Error {}
        var offset = 0
        do {
            let decompressor = try ZstdDecompressor()
            try Self.reading(path) {
                try forEachSlab(of: path) { slab in
                    try decompressor.write(slab) { raw in
                        let wanted = range.clamped(to: offset..<(offset + raw.count))
                        bytes.append(contentsOf: raw[(wanted.lowerBound - offset)..<(wanted.upperBound - offset)])
                        offset += raw.count
                        if offset >= range.upperBound { throw Enough() }
                    }
                }
            }
        } catch is Enough {
        } catch let error as ZstdError {
            throw damage(error.description)
        }
        guard bytes.count == range.count else { throw damage("the compressed data ends too early") }
        return bytes
    }
}
