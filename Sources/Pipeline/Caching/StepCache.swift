import BinaryIO
import Foundation
import Registry
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The products of finished nodes, by the digest of everything that decided them: in a local folder, and behind it in a
/// shared place, if there is one.
///
/// A place that fails during a run costs only the work that it would have saved: the run reports it once and continues.
package struct StepCache: Sendable {
    /// The registry; nil if none exists yet, or none is opened.
    package let registry: ModelRegistry?
    /// The local folder, from which steps read files.
    let near: CacheFolder
    /// The place for products that are not in the local folder, shared with others.
    let far: (any CachePlace)?
    /// The setting that `far` was created from.
    private let place: CacheOptions.Place?
    let mode: CacheMode
    /// Whether the cache may be written; false for plans.
    let isWritable: Bool
    /// Whether a product is useless unless it is stored.
    private let mustKeep: Bool
    /// Whether a run ends if the far place does not answer.
    private let mustAnswer: Bool
    /// Whether only the far place counts.
    private let asksFarAlone: Bool
    /// The folder that records digests of external files.
    private let inputs: CacheFolder
    /// The folder in which older versions left files, which are found by their records in the registry.
    private let olderFolder: FilePath
    private let health: CacheHealth

    /// - Parameters:
    ///   - registry: nil if none exists yet.
    ///   - isWritable: false for plans, which write nothing.
    ///   - mustKeep: whether a product is useless unless it is stored: a place that fails then ends the run.
    ///   - remark: called once if a place fails.
    /// - Throws: `CacheError` for a given place that cannot be used.
    package init(
        registry: ModelRegistry?,
        _ options: RunOptions,
        isWritable: Bool,
        mustKeep: Bool = false,
        remark: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        (self.registry, self.isWritable, self.mustKeep) = (registry, isWritable, mustKeep)
        mode = options.cache.mode
        (mustAnswer, place) = (options.cache.mustAnswer, options.cache.place)
        near = options.cacheFolder
        inputs = options.cache.inputs.map(CacheFolder.init) ?? near
        if case .server(let address)? = options.cache.place {
            far = try CacheServer(address, tries: options.cache.tries)
        } else {
            far = nil
        }
        asksFarAlone = far != nil && options.cache.asksServerAlone
        olderFolder = options.workFolder
        health = CacheHealth(remark)
        if mode != .off { try near.prepare(forWriting: isWritable && mode.writes) }
    }

    /// Whether products are stored in the cache.
    var keeps: Bool { isWritable && mode.writes }

    /// Prevents other runs from evicting what this run uses; nil if nothing is stored.
    package func lease() -> CacheLease? { keeps ? CacheLease(near) : nil }

    /// Claims nodes that a run is about to make.
    /// - Parameters:
    ///   - workFolder: the folder for the claims of runs that store nothing.
    ///   - waiting: called with each node that another run makes.
    /// - Returns: nil if no claim can be written: the run makes the nodes without one.
    /// - Throws: `Interruption.Stopped`.
    func claim(
        _ keys: [SHA256Digest],
        in workFolder: FilePath,
        waiting: (_ key: SHA256Digest, _ other: String) throws -> Void
    ) throws -> NodeClaims? {
        let folder = keeps ? near.claims : CacheFolder(workFolder).claims
        do { return try NodeClaims(keys, in: folder, waiting: waiting) } catch is FileError { return nil }
    }

    // MARK: Products

    /// Returns an earlier product under a key, by its record; its files are only looked up once they are needed.
    /// - Parameter folder: the folder in which its files get their names.
    func product(for key: SHA256Digest, in folder: FilePath) throws -> StepProduct? {
        guard mode.reads else { return nil }
        if !asksFarAlone, let bytes = near.record(for: key), let record = ActionRecord(bytes, for: key) {
            if keeps { near.touch(key) }
            return record.product(in: folder)
        }
        if let bytes = try reading({ try far?.record(for: key) }) ?? nil, let record = ActionRecord(bytes, for: key) {
            if keeps, !asksFarAlone { attempt { try near.put(record: bytes, for: key) } }
            return record.product(in: folder)
        }
        return try olderProduct(for: key, in: folder)
    }

    /// Makes a product's files available under their names, intact.
    /// - Returns: false if one of them is lost.
    /// - Throws: `FileError` if the folder of the names is not writable; `CacheError` if the far place must answer and
    ///   does not.
    func obtain(_ product: StepProduct) throws -> Bool {
        for file in product.files {
            guard let path = try find(file.cached) else {
                // A file of an older version is not moved until a run stores it.
                guard !keeps, isInPlace(file) else { return false }
                continue
            }
            if isWritable, let path { try call(path, file.path) }
        }
        return true
    }

    /// Whether a file is under its own name outside the cache. A plan only compares its size.
    private func isInPlace(_ file: StepProduct.File) -> Bool {
        let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: file.path.string)) != nil
        guard !isLink, FileStatus(file.path)?.byteCount == file.byteCount else { return false }
        return !isWritable || (try? SHA256Digest(ofFile: file.path)) == file.digest
    }

    /// - Returns: the path of a file; `.some(nil)` for a file that a run would fetch but a plan does not; nil if it is
    ///   lost.
    private func find(_ file: CachedFile) throws -> FilePath?? {
        if !asksFarAlone, let path = near.intactFile(file, noting: keeps) { return path }
        guard let far else { return .none }
        guard isWritable, !asksFarAlone else {
            return (try reading { try far.mayHold(file) } ?? false) ? .some(nil) : .none
        }
        if try reading({ try far.fetch(file, into: near) }) == true { return near.path(of: file) }
        // Without a check of the bytes, the place would report the file as stored forever, and no run would make it
        // again.
        if mustAnswer, case .server(let address)? = place, try reading({ try far.mayHold(file) }) == true {
            throw CacheError.otherBytes(address, file.digest)
        }
        return .none
    }

    /// Stores a product, its files before the record that names them, and gives its files their names.
    /// - Parameters:
    ///   - digests: the node's key, and its key by content if that is known.
    ///   - folder: the folder of the names.
    ///   - work: the amount of work done in `seconds`; nil for none.
    /// - Returns: the product with its files under their names.
    /// - Throws: `FileError` if the folder of the names is not writable.
    func keep(
        _ product: StepProduct,
        under digests: [SHA256Digest],
        of key: StepKey,
        in folder: FilePath,
        seconds: Double,
        work: Double?
    ) throws -> StepProduct {
        let named = product.named(in: folder)
        var isKept = keeps
        for (made, file) in zip(product.files, named.files) {
            if isKept, let path = try keeping({ try near.take(made.cached, from: made.path) }) {
                try call(path, file.path)
            } else {
                isKept = false
                try move(made.path, to: file.path)
            }
        }
        guard isKept else { return named }
        try remember(named, under: digests, of: key, seconds: seconds, work: work)
        if let work, work > 0, seconds > 0.1 {
            near.note(speed: work / seconds, of: key.kind, version: key.version)
        }
        return named
    }

    /// Writes records of a product that was found under another digest, so that the next lookup finds it at once. A
    /// failed write costs no more than that lookup.
    func note(_ product: StepProduct, under digest: SHA256Digest, of key: StepKey) throws {
        guard keeps, !asksFarAlone else { return }
        if mustKeep {
            try? remember(product, under: [digest], of: key)
        } else {
            try remember(product, under: [digest], of: key)
        }
    }

    /// Writes records of a product whose files are stored.
    private func remember(
        _ product: StepProduct,
        under digests: [SHA256Digest],
        of key: StepKey,
        seconds: Double = 0,
        work: Double? = nil
    ) throws {
        guard keeps else { return }
        let records = try digests.enumerated().map { index, digest in
            let record = ActionRecord(
                product,
                under: digest,
                of: key,
                version: Edgepipe.version,
                seconds: seconds,
                work: index == 0 ? work : nil
            )
            return (digest: digest, bytes: try record.encoded())
        }
        for record in records { try keeping { try near.put(record: record.bytes, for: record.digest) } }
        try sending { far in
            for file in product.files { try far.put(file.cached, from: near.path(of: file.cached)) }
            for record in records { try far.put(record: record.bytes, for: record.digest) }
        }
    }

    /// Renames a file that is not stored. Another run that has the old file open can still read it.
    private func move(_ path: FilePath, to name: FilePath) throws {
        try makeFolder(name.removingLastComponent())
        guard rename(path.string, name.string) == 0 else {
            throw FileError("rename into place", name, errno: Errno(rawValue: errno))
        }
    }

    /// Makes a link to a cached file under the name that its step gave it.
    private func call(_ path: FilePath, _ name: FilePath) throws {
        let whole = path.isAbsolute ? path : FilePath(FileManager.default.currentDirectoryPath).pushing(path)
        let target = whole.lexicallyNormalized().string
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: name.string)) == target { return }
        let folder = name.removingLastComponent()
        try makeFolder(folder)
        let temporary = folder.appending(".\(UUID().uuidString).link")
        guard symlink(target, temporary.string) == 0 else {
            throw FileError("link", name, errno: Errno(rawValue: errno))
        }
        guard rename(temporary.string, name.string) == 0 else {
            let reason = Errno(rawValue: errno)
            unlink(temporary.string)
            throw FileError("link", name, errno: reason)
        }
    }

    // MARK: Speeds and digests

    /// Returns the speeds of earlier steps of a kind in work per second, the latest first. Steps of less than a tenth
    /// of a second do not count.
    func speeds(of kind: String, version: Int) throws -> [Double] {
        let speeds = near.speeds(of: kind, version: version)
        return speeds.isEmpty ? try olderSpeeds(of: kind, version: version) : speeds
    }

    /// Returns the digest of a file, from memory if the file has not changed since.
    /// - Throws: `FileError`.
    package func digest(of path: FilePath) throws -> SHA256Digest {
        guard let status = FileStatus(path) else { throw FileError("open", path, errno: .noSuchFileOrDirectory) }
        if let digest = try inputs.digest(of: path, status) ?? olderDigest(of: path, status) { return digest }
        let digest = try SHA256Digest(ofFile: path)
        if keeps { inputs.note(digest, of: path, status) }
        return digest
    }

    // MARK: Failing places

    /// - Returns: nil if the place failed, which is reported once.
    @discardableResult
    private func attempt<Value>(_ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch {
            health.note(error)
            return nil
        }
    }

    /// Behaves as `attempt`, unless the product must be stored.
    @discardableResult
    private func keeping<Value>(_ body: () throws -> Value) throws -> Value? {
        mustKeep ? try body() : attempt(body)
    }

    /// Reads from the far place while it answers, because every request to a missing server takes time.
    /// - Throws: the place's error, if the place must answer.
    private func reading<Value>(_ body: () throws -> Value) throws -> Value? {
        guard health.isAnswering else { return nil }
        do { return try body() } catch {
            if mustAnswer { throw error }
            health.note(error, isAnswering: false)
            return nil
        }
    }

    /// Writes to the far place while it accepts the writes.
    private func sending(_ body: (any CachePlace) throws -> Void) throws {
        guard let far, health.isTaking else { return }
        do { try body(far) } catch {
            if mustKeep { throw error }
            health.note(error, isTaking: false)
        }
    }
}

extension StepCache {
    /// An entry that a version before 0018 kept in the registry: a record as JSON, and files under names in the folder
    /// beside it.
    private struct OlderEntry: Decodable {
        struct Product: Decodable {
            struct File: Decodable {
                let path: FilePath
                let byteCount: Int
                let digest: SHA256Digest
                /// The modification time in nanoseconds since 1970.
                let modified: Int

                func isIntact(at path: FilePath) -> Bool {
                    guard let status = FileStatus(path), status.byteCount == byteCount else { return false }
                    return status.modified == modified || (try? SHA256Digest(ofFile: path)) == digest
                }
            }
            let outputs: [String]?
            let files: [File]
            let facts: String
        }
        let product: Product
        let work: Double?
    }

    private func olderEntry(_ record: StepRecord) -> OlderEntry? {
        try? JSONDecoder().decode(OlderEntry.self, from: Data(record.outputs.utf8))
    }

    /// Returns a product of an older version, which is moved into the folder when it is found.
    private func olderProduct(for key: SHA256Digest, in folder: FilePath) throws -> StepProduct? {
        guard let record = try registry?.stepRecord(for: key), let entry = olderEntry(record)?.product else {
            return nil
        }
        var files: [StepProduct.File] = []
        for old in entry.files {
            let file = CachedFile(digest: old.digest, byteCount: old.byteCount)
            let path = olderFolder.pushing(old.path)
            let isNear = near.intactFile(file, noting: keeps) != nil
            guard isNear || old.isIntact(at: path) else { return nil }
            if keeps, !isNear, attempt({ try near.take(file, from: path) }) == nil { return nil }
            let name = path.lastComponent?.string ?? "\(old.digest)"
            let place = keeps || isNear ? folder.appending(name) : path
            files.append(.init(path: place, byteCount: old.byteCount, digest: old.digest))
        }
        return StepProduct(files: files, facts: entry.facts, outputs: entry.outputs)
    }

    private func olderSpeeds(of kind: String, version: Int) throws -> [Double] {
        let records = try registry?.stepRecords(ofKind: kind, implementation: "\(version)", limit: 32) ?? []
        return records.compactMap { record in
            guard record.seconds > 0.1, let work = olderEntry(record)?.work, work > 0 else { return nil }
            return work / record.seconds
        }
    }

    private func olderDigest(of path: FilePath, _ status: FileStatus) throws -> SHA256Digest? {
        let key = SHA256Digest(of: "file\n\(path)\n\(status.byteCount)\n\(status.modified)".utf8)
        return try registry?.stepRecord(for: key).flatMap {
            try? JSONDecoder().decode(SHA256Digest.self, from: Data($0.outputs.utf8))
        }
    }
}
