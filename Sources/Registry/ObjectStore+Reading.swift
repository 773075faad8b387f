import BinaryIO
import SystemPackage

extension ObjectStore {
    /// Hands out an object's raw bytes slab by slab and checks, at the end, that they are the published ones.
    ///
    /// `body` sees the bytes before the digest is known: it must not make them visible until this returns. It never sees
    /// more than the recorded number of bytes, whatever the compressed data claims to hold.
    /// - Throws: `RegistryError.damagedObject`; `FileError` where the disk refuses.
    func read(_ object: StoredObject, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
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
}
