import BinaryIO
import Foundation
import GRDB
import SystemPackage

/// A file cut into parts that are all in packs, before its rows are written.
struct PackedObject: Sendable {
    let digest: SHA256Digest
    let byteCount: Int
    /// The parts in the order of the file; a part may occur several times.
    let parts: [StoredPart]
    /// Parts that were stored again because their bytes were missing or damaged, each with its old row.
    var replaced: [SHA256Digest: StoredPart] = [:]

    /// The disk space of its parts, each counted once, in bytes.
    var storedBytes: Int { Set(parts).reduce(0) { $0 + $1.storedBytes } }
}

extension ObjectStore {
    var packs: FilePath { root.appending("packs") }

    func path(of pack: PackName) -> FilePath {
        packs.appending(String(pack.description.prefix(2))).appending("\(pack).pack")
    }

    /// A cheap check: the pack exists and has the length in its row.
    func hasRightSize(_ pack: StoredPart.Pack) throws -> Bool {
        try holds(path(of: pack.name), byteCount: pack.byteCount)
    }

    /// A cheap check of a whole object: its file or its packs exist and have the right length.
    func isThere(_ object: StoredObject, _ database: Database) throws -> Bool {
        guard object.encoding == .parts else { return try hasRightSize(object) }
        return try Set(Rows.parts(of: object.digest, database).map(\.pack)).allSatisfy { try hasRightSize($0) }
    }

    /// The number of threads that encode or decode the parts of one file. Each holds some 50 MB, so they are few.
    static var workerCount: Int { min(8, max(1, ProcessInfo.processInfo.activeProcessorCount)) }

    /// The most that packing a file takes at a time, in bytes.
    /// - Parameters:
    ///   - longest: the file's longest run of bytes between two cuts.
    ///   - hasPlanes: whether numbers of several bytes are laid out by byte planes.
    ///   - mayShare: whether files before it may have parts of it, which are read and decoded before they are relied on.
    static func packingMemory(longest: Int, hasPlanes: Bool, mayShare: Bool) -> Int {
        let part = min(longest, PartCut.longestPart)
        // Read, laid out by planes, compressed; and tables of the compressor, which grow to half of that.
        return workerCount * (part * (hasPlanes ? 7 : 5) / 2 + 2 << 20) + (mayShare ? 2 * part : 0)
    }

    /// Cuts a file into parts and stores the new ones in one new pack, durably.
    ///
    /// The file is read once: one thread at a time reads a piece and adds it to the digest of the whole file, then
    /// hashes and encodes it in parallel with the others. The pack is written like a single object: temporary file,
    /// sync, final name, sync of the folder.
    /// - Parameters:
    ///   - known: returns the row of a part that is stored already; called from several threads, one at a time. The
    ///     bytes of the part are verified before it is reused.
    ///   - advance: called with the number of raw bytes read each time; called from several threads, one at a time.
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
        // If the file has even one more byte than at the start, somebody is writing to it.
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
