import BinaryIO
import GRDB
import SystemPackage

extension ModelRegistry {
    /// Writes a build's bytes to a file, decompressed and verified. The file appears whole or not at all.
    /// - Parameter key: the key whose signature over these bytes is required; nil requires none.
    /// - Throws: `RegistryError.damagedObject` if the stored bytes differ from the published ones; `FileError`.
    @discardableResult
    public func pull(
        _ name: BuildName,
        to path: FilePath,
        signedBy key: SigningKey.Public? = nil,
        progress: (TransferProgress) throws -> Void = { _ in }
    ) throws -> BuildRecord {
        let build = try build(named: name)
        if let key { try checkSignature(of: build, by: key) }
        let output = try AtomicFile(path: path)
        try output.reserve(byteCount: build.fileBytes)
        try copy(build, into: output, at: 0, progress)
        try output.finish(byteCount: build.fileBytes)
        try output.commit()
        return build
    }

    /// Writes a build's bytes into a larger file at an offset.
    ///
    /// If this throws, the bytes written may not be the build's, and the file must not get its final name.
    @discardableResult
    public func pull(
        _ name: BuildName,
        into output: AtomicFile,
        at begin: Int,
        progress: (TransferProgress) throws -> Void = { _ in }
    ) throws -> BuildRecord {
        let build = try build(named: name)
        try copy(build, into: output, at: begin, progress)
        return build
    }

    private func copy(
        _ build: BuildRecord,
        into output: AtomicFile,
        at begin: Int,
        _ progress: (TransferProgress) throws -> Void
    ) throws {
        var done = 0
        try read(
            build.object,
            advance: { count in
                done += count
                try progress(
                    TransferProgress(build: build.name, phase: .pulling, doneBytes: done, totalBytes: build.fileBytes)
                )
            },
            { bytes, offset in try output.write(bytes, at: begin + offset) }
        )
    }

    /// - Throws: `RegistryError.objectsMissing` if builds are offered and the folder of their objects is missing.
    public func checkObjects() throws {
        guard elsewhere == nil, let absence = store.absence else { return }
        let anyOffered = try look { database in
            try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM build WHERE \(Rows.isOffered(database)))"
            )
        }
        if anyOffered == true { throw absence }
    }

    /// A path for a temporary file on the registry's disk. If the process is killed, the file is collected like other
    /// leftovers.
    public func scratchFile() throws -> FilePath {
        try store.makeFolder(store.incoming)
        return store.incoming.appending("\(PackName()).scratch")
    }

    /// Passes an object's verified bytes to `body`, whatever its encoding; see `ObjectStore.read`.
    func read(
        _ object: StoredObject,
        advance: (Int) throws -> Void = { _ in },
        _ body: (UnsafeRawBufferPointer, Int) throws -> Void
    ) throws {
        guard object.encoding != .parts else {
            let parts = try look { try Rows.parts(of: object.digest, $0) }
            try store.read(object, parts: parts, advance: advance, body)
            return
        }
        var offset = 0
        try store.read(object) { bytes in
            try body(bytes, offset)
            offset += bytes.count
            try advance(bytes.count)
        }
    }
}

extension BuildRecord {
    var object: StoredObject {
        StoredObject(digest: digest, encoding: encoding, rawBytes: fileBytes, storedBytes: storedBytes)
    }
}
