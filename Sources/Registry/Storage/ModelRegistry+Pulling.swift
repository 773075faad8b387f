import BinaryIO
import GRDB
import SystemPackage

extension ModelRegistry {
    /// Writes a build's bytes to a file, decompressed and verified. The file appears whole or not at all.
    /// - Parameter key: whose signature over these bytes must be in the registry; nil asks for none.
    /// - Throws: `RegistryError.damagedObject` where the stored bytes are not the published ones; `FileError`.
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

    /// Writes a build's bytes into a file that holds more than it, from an offset on.
    ///
    /// What was written is not the build where this throws: the file must not be given its name then.
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

    /// - Throws: `RegistryError.objectsMissing` where builds are offered and the folder of their bytes is not there.
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

    /// A name for a file that is needed for a while and lies on the registry's disk. Should the process be killed, what is
    /// left is collected like other leftovers.
    public func scratchFile() throws -> FilePath {
        try store.makeFolder(store.incoming)
        return store.incoming.appending("\(PackName()).scratch")
    }

    /// Hands out an object's verified bytes, however it lies; see `ObjectStore.read`.
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
