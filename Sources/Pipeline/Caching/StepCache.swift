import BinaryIO
import Foundation
import Registry
import Synchronization
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Products of finished nodes, under the digest of everything that decided them: in a folder near by, and behind it in a place that others
/// share, where there is one.
///
/// A place that fails in the middle of a run costs what it would have spared, and nothing else: the run says so once and goes on.
package struct StepCache: Sendable {
    /// nil where there is no registry yet, or none is opened.
    package let registry: ModelRegistry?
    /// Where steps read files.
    let near: CacheFolder
    /// Where products are looked for that are not near by, and kept for others.
    let far: (any CachePlace)?
    /// What `far` was asked for by.
    private let place: CacheOptions.Place?
    let mode: CacheMode
    /// False for plans, which write nothing.
    let isWritable: Bool
    /// Whether what is made is of no use unless it is kept.
    private let mustKeep: Bool
    /// Whether nothing is worth doing while the far place does not answer.
    private let mustAnswer: Bool
    /// Whether the far place is asked for itself alone.
    private let asksFarAlone: Bool
    /// Where digests of files outside are remembered.
    private let inputs: CacheFolder
    /// Where older versions left files, by whose records in the registry they are found.
    private let olderFolder: FilePath
    private let health: Health

    /// - Parameters:
    ///   - registry: nil where there is none yet.
    ///   - isWritable: false for plans, which write nothing.
    ///   - mustKeep: whether what is made is of no use unless it is kept: a place that fails ends the run then.
    ///   - remark: told once where a place fails.
    /// - Throws: `CacheError` for a place that was asked for and cannot be used.
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
        health = Health(remark)
        if mode != .off { try near.prepare(forWriting: isWritable && mode.writes) }
    }

    /// Whether products go into the cache.
    var keeps: Bool { isWritable && mode.writes }

    /// Keeps others from evicting what this run uses; nil where nothing is kept.
    package func lease() -> CacheLease? { keeps ? CacheLease(near) : nil }

    /// Claims nodes that a run is about to make.
    /// - Parameters:
    ///   - workFolder: where runs meet that keep nothing.
    ///   - waiting: told of each node that another run makes.
    /// - Returns: nil where no claim can be written: the run makes them without.
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

    /// What was made before under a key, by its record: whether its files are still there shows once they are needed.
    /// - Parameter folder: what its files are to be called by.
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

    /// Sees to it that a product's files are where it says, intact.
    /// - Returns: false where one of them is lost.
    /// - Throws: `FileError`, where the folder of the names cannot be written; `CacheError`, where the far place has to answer and
    ///   does not.
    func obtain(_ product: StepProduct) throws -> Bool {
        for file in product.files {
            guard let path = try find(file.cached) else {
                // What an older version left stays where it is until a run takes it in.
                guard !keeps, isInPlace(file) else { return false }
                continue
            }
            if isWritable, let path { try call(path, file.path) }
        }
        return true
    }

    /// Whether a file is under its own name without the cache. A plan takes its size for it.
    private func isInPlace(_ file: StepProduct.File) -> Bool {
        let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: file.path.string)) != nil
        guard !isLink, FileStatus(file.path)?.byteCount == file.byteCount else { return false }
        return !isWritable || (try? SHA256Digest(ofFile: file.path)) == file.digest
    }

    /// - Returns: where a file is; `.some(nil)` for one that a plan would have fetched; nil where it is lost.
    private func find(_ file: CachedFile) throws -> FilePath?? {
        if !asksFarAlone, let path = near.intactFile(file, noting: keeps) { return path }
        guard let far else { return .none }
        guard isWritable, !asksFarAlone else {
            return (try reading { try far.mayHold(file) } ?? false) ? .some(nil) : .none
        }
        if try reading({ try far.fetch(file, into: near) }) == true { return near.path(of: file) }
        // Asked without its bytes, the place would say for ever that it has the file, and nobody would make it anew.
        if mustAnswer, case .server(let address)? = place, try reading({ try far.mayHold(file) }) == true {
            throw CacheError.otherBytes(address, file.digest)
        }
        return .none
    }

    /// Keeps what was made, files before the record that names them, and gives its files their names.
    /// - Parameters:
    ///   - digests: the node's key, and its key by content where that is known.
    ///   - folder: of the names.
    ///   - work: how much was done in `seconds`; nil where nothing was.
    /// - Returns: the product with its files under their names.
    /// - Throws: `FileError`, where the folder of the names cannot be written.
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

    /// Writes records of a product that was found under another digest, so that the next look finds it at once. One that cannot be
    /// written costs no more than that look.
    func note(_ product: StepProduct, under digest: SHA256Digest, of key: StepKey) throws {
        guard keeps, !asksFarAlone else { return }
        if mustKeep {
            try? remember(product, under: [digest], of: key)
        } else {
            try remember(product, under: [digest], of: key)
        }
    }

    /// Writes records of a product whose files are kept.
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

    /// Gives a file that is not kept its name. Another run that has the old one open reads on.
    private func move(_ path: FilePath, to name: FilePath) throws {
        try makeFolder(name.removingLastComponent())
        guard rename(path.string, name.string) == 0 else {
            throw FileError("rename into place", name, errno: Errno(rawValue: errno))
        }
    }

    /// Lets a file of the cache be found under the name that its step gave it.
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

    /// How fast steps of a kind were, in work a second, the latest first. Steps that ended within a tenth of a second tell
    /// nothing.
    func speeds(of kind: String, version: Int) throws -> [Double] {
        let speeds = near.speeds(of: kind, version: version)
        return speeds.isEmpty ? try olderSpeeds(of: kind, version: version) : speeds
    }

    /// The digest of a file, from memory where the file has not changed since.
    /// - Throws: `FileError`.
    package func digest(of path: FilePath) throws -> SHA256Digest {
        guard let status = FileStatus(path) else { throw FileError("open", path, errno: .noSuchFileOrDirectory) }
        if let digest = try inputs.digest(of: path, status) ?? olderDigest(of: path, status) { return digest }
        let digest = try SHA256Digest(ofFile: path)
        if keeps { inputs.note(digest, of: path, status) }
        return digest
    }

    // MARK: Failing places

    /// - Returns: nil where the place failed, which is said once.
    @discardableResult
    private func attempt<Value>(_ body: () throws -> Value) -> Value? {
        do {
            return try body()
        } catch {
            health.note(error)
            return nil
        }
    }

    /// As `attempt`, unless what is made must be kept.
    @discardableResult
    private func keeping<Value>(_ body: () throws -> Value) throws -> Value? {
        mustKeep ? try body() : attempt(body)
    }

    /// Asks the far place, as long as it answers: one that is away would be waited for at each question.
    /// - Throws: what the place throws, where it has to answer.
    private func reading<Value>(_ body: () throws -> Value) throws -> Value? {
        guard health.isAnswering else { return nil }
        do { return try body() } catch {
            if mustAnswer { throw error }
            health.note(error, isAnswering: false)
            return nil
        }
    }

    /// Sends to the far place, as long as it takes what is sent.
    private func sending(_ body: (any CachePlace) throws -> Void) throws {
        guard let far, health.isTaking else { return }
        do { try body(far) } catch {
            if mustKeep { throw error }
            health.note(error, isTaking: false)
        }
    }

    /// What is known of the places, which is said once.
    private final class Health: Sendable {
        private struct State {
            var isAnswering = true
            var isTaking = true
            var wasSaid = false
        }

        private let state = Mutex(State())
        private let say: @Sendable (String) -> Void

        init(_ say: @escaping @Sendable (String) -> Void) { self.say = say }

        var isAnswering: Bool { state.withLock { $0.isAnswering } }
        var isTaking: Bool { state.withLock { $0.isTaking } }

        func note(_ error: any Error, isAnswering: Bool = true, isTaking: Bool = true) {
            let isFirst = state.withLock { state in
                defer { state.wasSaid = true }
                state.isAnswering = state.isAnswering && isAnswering
                state.isTaking = state.isTaking && isTaking
                return !state.wasSaid
            }
            if isFirst {
                say("the cache failed, and the run goes on without what it would have kept or given: \(error)")
            }
        }
    }
}

extension StepCache {
    /// What a version before 0018 kept in the registry: records as JSON, and files under names in the folder beside it.
    private struct OlderEntry: Decodable {
        struct Product: Decodable {
            struct File: Decodable {
                let path: FilePath
                let byteCount: Int
                let digest: SHA256Digest
                /// In nanoseconds since 1970.
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

    /// A product of an older version, which moves into the folder when it is found.
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

extension RunOptions {
    /// The folder near by.
    package var cacheFolder: CacheFolder {
        guard case .folder(let path)? = cache.place else { return CacheFolder(workFolder) }
        return CacheFolder(path)
    }
}
