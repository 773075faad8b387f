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
    func hasRightSize(_ pack: StoredPart.Pack) throws -> Bool {
        try holds(path(of: pack.name), byteCount: pack.byteCount)
    }

    /// The same for a whole object, by whichever files it lies in.
    func isThere(_ object: StoredObject, _ database: Database) throws -> Bool {
        guard object.encoding == .parts else { return try hasRightSize(object) }
        return try Set(Rows.parts(of: object.digest, database).map(\.pack)).allSatisfy { try hasRightSize($0) }
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

        let run = PackingRun(file, pieces, from: input, to: output, of: self)
        try run.run(known: known, advance: advance)
        // One byte more than at the start, and the file is being written.
        guard Self.size(of: file) ?? byteCount == byteCount else { throw RegistryError.changedWhileReading(file) }

        let pack = StoredPart.Pack(name: name, byteCount: output.count)
        if run.isEmpty {
            output.discard()
        } else {
            try output.commit()
            defer { Self.remove(temporary) }
            try settle(temporary, as: path(of: name), replacing: false)
        }
        return PackedObject(
            digest: run.digest,
            byteCount: byteCount,
            parts: run.parts(in: pack),
            replaced: run.replaced
        )
    }
}
