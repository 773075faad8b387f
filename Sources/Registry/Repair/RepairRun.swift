import BinaryIO
import Foundation
import GRDB
import SystemPackage

/// The state of one repair: the findings so far, file by file.
struct RepairRun {
    /// The findings about one object.
    struct Finding {
        var bytes: Int
        var detail: String
    }

    let registry: ModelRegistry
    let applies: Bool
    private let buffers: [UnsafeMutableRawBufferPointer]
    private let decoder: PartDecoder
    private let encoder: PartEncoder
    private var finder: ByteFinder
    private(set) var saved: [SHA256Digest: Finding] = [:]
    private(set) var lost: [SHA256Digest: Finding] = [:]
    private(set) var quarantined: [String] = []

    private var store: ObjectStore { registry.store }

    init(
        registry: ModelRegistry,
        sources: [RepairSource],
        applies: Bool,
        buffers: [UnsafeMutableRawBufferPointer]
    ) throws {
        (self.registry, self.applies, self.buffers) = (registry, applies, buffers)
        decoder = try PartDecoder()
        encoder = try PartEncoder(smallestGain: try registry.store.smallestGain())
        finder = try ByteFinder(sources, buffers)
    }

    /// Repairs an object that is one file.
    mutating func repair(_ object: StoredObject) throws {
        let complaint: String
        do {
            return try store.read(object) { _ in }
        } catch let error as RegistryError where error.isDamage {
            complaint = error.description
        } catch let error as FileError {
            complaint = error.description
        }
        let path = store.path(of: object)
        let isAway = try store.isAway(path, byteCount: object.storedBytes)
        if ObjectStore.isAnything(path) { try quarantine(path) }
        if isAway, try !applies || isWhole(object) {
            let place = store.tierAddress(of: path)
            saved[object.digest] = Finding(bytes: object.rawBytes, detail: "\(complaint) Taken from \(place).")
            return
        }
        try store.makeFolderIfNeeded(store.incoming, applies)
        let scratch = store.incoming.appending("\(object.digest).repair")
        let source = try finder.find(object, scratch: applies ? scratch : Self.temporary(object)) { file in
            guard applies else { return }
            let fresh = try store.store(
                file,
                digest: object.digest,
                byteCount: object.rawBytes,
                replacing: true,
                advance: { _ in }
            )
            try registry.sealing([.place(object.digest)]) { try Rows.upsert(fresh, $0) }
        }
        if let source {
            saved[object.digest] = Finding(bytes: object.rawBytes, detail: "\(complaint) Taken from \(source).")
        } else {
            lost[object.digest] = Finding(bytes: object.rawBytes, detail: "\(complaint) \(Self.advice)")
        }
    }

    private func isWhole(_ object: StoredObject) throws -> Bool {
        do {
            try store.read(object) { _ in }
            return true
        } catch let error as RegistryError where error.isDamage {
            return false
        }
    }

    /// Repairs a pack and all the parts in it.
    mutating func repair(_ pack: StoredPart.Pack) throws {
        let parts = try registry.look { try Rows.parts(in: pack.name, $0) }
        var damaged: Set<SHA256Digest> = []
        for part in parts where try !isIntact(part) { damaged.insert(part.digest) }
        let path = store.path(of: pack.name)
        guard try !damaged.isEmpty || !store.hasRightSize(pack) else { return }
        if ObjectStore.isAnything(path), try store.isAway(path, byteCount: pack.byteCount),
            try parts.allSatisfy({ try isIntact($0, from: .tier) })
        {
            // The local file is only a copy of the one in object storage, so it is removed.
            let detail = "\(path): the copy that is here is damaged, \(store.tierAddress(of: path)) is whole."
            for part in parts where damaged.contains(part.digest) {
                note(part, try registry.look { try Rows.places(of: part.digest, $0) }, in: &saved, detail)
            }
            return try quarantine(path)
        }
        // The new pack is complete and has its rows before the old one is removed.
        var moved: [StoredPart] = []
        let name = PackName()
        try store.makeFolderIfNeeded(store.incoming, applies)
        let temporary = store.incoming.appending("\(name).pack")
        let output = applies ? try AtomicFile(path: temporary, isOfRegistry: true) : nil
        defer { output?.discard() }
        var offset = 0
        for part in parts {
            let places = try registry.look { try Rows.places(of: part.digest, $0) }
            // Parts that no offered build needs are not carried over; publishing them again stores them again.
            guard !places.isEmpty else { continue }
            let isDamaged = damaged.contains(part.digest)
            guard let found = try isDamaged ? lookFor(part, places) : intact(part) else {
                note(part, places, in: &lost, "\(path): part \(part.digest.short) is gone. \(Self.advice)")
                continue
            }
            let detail = isDamaged ? "taken from \(found.source)" : "was intact in a damaged pack"
            note(part, places, in: &saved, "\(path): part \(part.digest.short) \(detail).")
            try output?.write(found.bytes)
            moved.append(
                StoredPart(
                    digest: part.digest,
                    encoding: found.encoding,
                    rawBytes: part.rawBytes,
                    storedBytes: found.bytes.count,
                    offset: offset,
                    // The length is known once all parts are written.
                    pack: .init(name: name, byteCount: 1)
                )
            )
            offset += found.bytes.count
        }
        if let output, !moved.isEmpty {
            try output.commit()
            defer { ObjectStore.remove(temporary) }
            try store.settle(temporary, as: store.path(of: name), replacing: false)
            let target = StoredPart.Pack(name: name, byteCount: offset)
            try registry.change { database in
                let emptied = try Rows.packsWithoutParts(database).map { SealedGroup.pack($0) }
                try Seals.keeping(emptied + [.pack("\(pack.name)"), .pack("\(name)")], database) {
                    try Rows.move(moved, to: target, database)
                }
            }
        }
        if ObjectStore.isAnything(path) { try quarantine(path) }
    }

    /// Reports objects whose parts do not add up to their length.
    mutating func checkLists(of objects: [StoredObject]) throws {
        for object in objects where lost[object.digest] == nil {
            let sum = try registry.look { try Rows.parts(of: object.digest, $0) }.reduce(0) { $0 &+ $1.rawBytes }
            guard sum != object.rawBytes else { continue }
            lost[object.digest] = Finding(
                bytes: object.rawBytes,
                detail:
                    "the database lists parts of \(sum) bytes for a build of \(object.rawBytes). Restore the database "
                    + "from a backup, or import the build into another registry."
            )
        }
    }

    private typealias Found = (bytes: UnsafeRawBufferPointer, encoding: PartEncoding, source: String)

    /// - Throws: an error if the system cannot read the part, which may be intact and stays in place.
    private func isIntact(_ part: StoredPart, from source: PartSource = .nearest) throws -> Bool {
        do {
            _ = try store.decode(part, of: part.digest, decoder, buffers, isSalvage: true, from: source)
            return true
        } catch let error as RegistryError where error.isDamage {
            return false
        } catch is FileError {
            return false
        }
    }

    /// The stored bytes of a part, if they are intact.
    private func intact(_ part: StoredPart) throws -> Found? {
        guard try isIntact(part) else { return nil }
        return (UnsafeRawBufferPointer(rebasing: buffers[0][..<part.storedBytes]), part.encoding, "")
    }

    private mutating func lookFor(_ part: StoredPart, _ places: [PartPlace]) throws -> Found? {
        guard let found = try finder.find(part, at: places) else { return nil }
        guard found.bytes.count <= PartCut.longestPart else { return (found.bytes, .raw, found.source) }
        let encoded = try encoder.encode(found.bytes, elementBytes: part.encoding.planeCount)
        return (encoded.bytes, encoded.encoding, found.source)
    }

    private func note(
        _ part: StoredPart,
        _ places: [PartPlace],
        in findings: inout [SHA256Digest: Finding],
        _ detail: String
    ) {
        for object in Set(places.map(\.object)) {
            // The message about a build's first part serves for all of its parts.
            findings[object, default: Finding(bytes: 0, detail: detail)].bytes &+= part.isPossible ? part.rawBytes : 0
        }
    }

    /// Moves a damaged file to the quarantine folder for inspection.
    private mutating func quarantine(_ path: FilePath) throws {
        let name = "\(Int(Date().timeIntervalSince1970))-\(path.lastComponent?.string ?? "file")"
        let target = store.root.appending("quarantine").appending(name)
        quarantined.append(applies ? target.string : path.string)
        guard applies else { return }
        try store.makeFolder(target.removingLastComponent())
        try store.move(path, to: target)
    }

    /// Stored with the mark of what is lost. It names no option, because each interface spells options differently.
    private static let advice = "Give the repair a copy of the build, or publish the same file again."

    /// The path where a dry run may unpack an object of another registry.
    private static func temporary(_ object: StoredObject) -> FilePath {
        FilePath(FileManager.default.temporaryDirectory.path).appending(
            "edgepipe-\(object.digest)-\(UInt64.random(in: 0 ... .max))"
        )
    }
}
