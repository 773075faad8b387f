import BinaryIO
import GRDB
import SystemPackage

extension ModelRegistry {
    /// Writes a build's bytes to a file, decompressed and verified. The file appears whole or not at all.
    /// - Throws: `RegistryError.damagedObject` where the stored bytes are not the published ones; `FileError`.
    @discardableResult
    public func pull(
        _ name: BuildName,
        to path: FilePath,
        progress: (TransferProgress) throws -> Void = { _ in }
    ) throws -> BuildRecord {
        let build = try build(named: name)
        let output = try AtomicFile(path: path)
        try output.reserve(byteCount: build.fileBytes)
        try store.read(build.object) { bytes in
            try output.write(bytes)
            try progress(
                TransferProgress(
                    build: name,
                    phase: .pulling,
                    doneBytes: output.count,
                    totalBytes: build.fileBytes
                )
            )
        }
        try output.commit()
        return build
    }
}

extension BuildRecord {
    var object: StoredObject {
        StoredObject(digest: digest, encoding: encoding, rawBytes: fileBytes, storedBytes: storedBytes)
    }
}
