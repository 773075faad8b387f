import BinaryIO
import Foundation
import GRDB
import SystemPackage

/// A file cut into parts that all lie in packs, though no row says so yet.
struct PackedObject: Sendable {
    let digest: SHA256Digest
    let byteCount: Int
    /// In the order of the file; a part may stand in it several times.
    let parts: [StoredPart]
    /// Parts that had a row whose bytes are not there or not right, as that row was: they were stored anew.
    var replaced: [SHA256Digest: StoredPart] = [:]

    /// What its parts take on the disk, each counted once.
    var storedBytes: Int { Set(parts).reduce(0) { $0 + $1.storedBytes } }
}

extension ObjectStore {
    var packs: FilePath { root.appending("packs") }

    func path(of pack: PackName) -> FilePath {
        packs.appending(String(pack.description.prefix(2))).appending("\(pack).pack")
    }

    /// The cheap check: the pack is there and as long as its row says.
    func hasRightSize(_ pack: StoredPart.Pack) -> Bool { Self.size(of: path(of: pack.name)) == pack.byteCount }

    /// The same for a whole object, by whichever files it lies in.
    func isThere(_ object: StoredObject, _ database: Database) throws -> Bool {
        guard object.encoding == .parts else { return hasRightSize(object) }
        return Set(try Rows.parts(of: object.digest, database).map(\.pack)).allSatisfy(hasRightSize)
    }

    /// How many threads encode or decode the parts of one file. Each holds some 50 MB, so they are few.
    static var workerCount: Int { min(8, max(1, ProcessInfo.processInfo.activeProcessorCount)) }

    /// Cuts a file into parts and stores those that are nowhere yet in one new pack, durably.
    ///
    /// The file is read once: the thread whose turn it is reads a piece and adds it to the digest of the whole, then
    /// hashes and encodes it beside the others. The pack takes the same way as a single object: temporary file, sync,
    /// final name, sync of the folder.
    /// - Parameters:
    ///   - known: a part that has a row already, wherever it lies; called from several threads, one at a time. Its bytes
    ///     are read before it is relied on.
    ///   - advance: told of every raw byte count that was taken in; called from several threads, one at a time.
    func pack(
        _ file: FilePath,
        cutAt cuts: [PartCut],
        known: (SHA256Digest) throws -> StoredPart?,
        advance: (Int) throws -> Void
    ) throws -> PackedObject {
        guard let byteCount = Self.size(of: file) ?? FileStatus(file)?.byteCount, byteCount > 0 else {
            throw RegistryError.invalidValue(field: file.string, detail: "the file is empty. Publish a whole build.")
        }
        let pieces = try PartCut.pieces(of: byteCount, cutAt: cuts)
        try makeFolder(incoming)
        let name = PackName()
        let temporary = incoming.appending("\(name).pack")
        let output = try AtomicFile(path: temporary, isOfRegistry: true)
        let input = try naming(file) { try FileDescriptor.open(file, .readOnly) }
        defer { try? input.close() }

        let (reading, placing) = (NSLock(), NSLock())
        var next = 0
        var hasher = SHA256Hasher()
        var failure: (any Error)?
        var places = [Place?](repeating: nil, count: pieces.count)
        var fresh: [SHA256Digest: Int] = [:]
        var replaced: [SHA256Digest: StoredPart] = [:]
        Workers.run(min(Self.workerCount, pieces.count)) {
            do {
                let encoder = try PartEncoder()
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PartCut.longestPart, alignment: 64)
                defer { buffer.deallocate() }
                var checker = PartChecker(store: self)
                defer { checker.close() }
                while true {
                    let index: Int? = try reading.withLock {
                        guard next < pieces.count, placing.withLock({ failure == nil }) else { return nil }
                        let piece = pieces[next]
                        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<piece.count])
                        try Self.fill(target, from: input, at: piece.offset, of: file)
                        hasher.update(UnsafeRawBufferPointer(target))
                        try advance(piece.count)
                        next += 1
                        return next - 1
                    }
                    guard let index else { return }
                    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<pieces[index].count])
                    let digest = SHA256Digest(of: bytes)
                    let (isTwin, part) = try placing.withLock { () -> (Bool, StoredPart?) in
                        guard let twin = fresh[digest] else { return (false, try known(digest)) }
                        places[index] = .twin(twin)
                        return (true, nil)
                    }
                    if isTwin { continue }
                    if let part {
                        if try checker.isIntact(part) {
                            placing.withLock { places[index] = .known(part) }
                            continue
                        }
                        placing.withLock { replaced[digest] = part }
                    }
                    let encoded = try encoder.encode(bytes, elementBytes: pieces[index].elementBytes)
                    try placing.withLock {
                        // Another thread may have been at the same bytes.
                        if let twin = fresh[digest] {
                            places[index] = .twin(twin)
                            return
                        }
                        let offset = output.count
                        try output.write(encoded.bytes)
                        fresh[digest] = index
                        places[index] = .fresh(digest, encoded.encoding, offset: offset, stored: encoded.bytes.count)
                    }
                }
            } catch {
                placing.withLock { failure = failure ?? error }
            }
        }
        if let failure { throw failure }
        // One byte more than at the start, and the file is being written.
        guard Self.size(of: file) ?? byteCount == byteCount else { throw RegistryError.changedWhileReading(file) }

        let pack = StoredPart.Pack(name: name, byteCount: output.count)
        if fresh.isEmpty {
            output.discard()
        } else {
            try output.commit()
            defer { Self.remove(temporary) }
            try settle(temporary, as: path(of: name), replacing: false)
        }
        func part(at index: Int) -> StoredPart {
            switch places[index] {
            case .known(let part): part
            case .twin(let twin): part(at: twin)
            case .fresh(let digest, let encoding, let offset, let stored):
                StoredPart(
                    digest: digest,
                    encoding: encoding,
                    rawBytes: pieces[index].count,
                    storedBytes: stored,
                    offset: offset,
                    pack: pack
                )
            case nil: preconditionFailure("a piece was neither stored nor known, and no thread said why")
            }
        }
        return PackedObject(
            digest: hasher.finalize(),
            byteCount: byteCount,
            parts: pieces.indices.map(part),
            replaced: replaced
        )
    }

    private enum Place {
        case known(StoredPart)
        /// The same bytes as an earlier piece of the same file.
        case twin(Int)
        case fresh(SHA256Digest, PartEncoding, offset: Int, stored: Int)
    }

    /// Reads exactly as many bytes as the target holds.
    /// - Throws: `RegistryError.changedWhileReading` where the file ends before.
    private static func fill(
        _ target: UnsafeMutableRawBufferPointer,
        from input: FileDescriptor,
        at offset: Int,
        of file: FilePath
    ) throws {
        guard try read(input, at: offset, into: target, of: file) else { throw RegistryError.changedWhileReading(file) }
    }
}
