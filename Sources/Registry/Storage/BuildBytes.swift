import BinaryIO
import Synchronization
import SystemPackage

/// The raw bytes of a published build, of which any range can be read without the rest being unpacked. Nothing is handed out
/// that was not held against a SHA-256 first.
///
/// Where the build lies in parts, those that the range touches are decoded and verified, and the last two stay in memory.
/// Where it lies in one file, its digest is the only one there is: the file is read whole before its first range, and of a
/// compressed one all that stands before a range is decompressed each time.
///
/// Several threads may read at once. What a repair moves meanwhile is damage to a value from before it; ask again then.
public final class BuildBytes: Sendable {
    /// How long the pieces of an object in one file are: what a small range costs at least.
    private static let pieceBytes = 4 << 20
    /// A range that is read in small steps, or over and over, should not be decoded each time.
    private static let mostKept = 2

    /// SHA-256 of all the bytes.
    public let digest: SHA256Digest
    /// Of the whole build, in bytes.
    public let count: Int

    private let store: ObjectStore
    private let elsewhere: (any BuildsElsewhere)?
    private let object: StoredObject
    /// Empty where the object is one file.
    private let parts: [StoredPart]
    /// Where each piece begins, and the end of the last one.
    private let bounds: [Int]
    private let kept = Mutex<[(index: Int, bytes: [UInt8])]>([])
    /// What the file was when its bytes were found to be the build's.
    private let verified = Mutex<FileStatus?>(nil)

    /// - Throws: `RegistryError.damagedRow` where the parts cannot be those of the object.
    init(
        _ object: StoredObject,
        parts: [StoredPart],
        in store: ObjectStore,
        elsewhere: (any BuildsElsewhere)?
    ) throws {
        self.elsewhere = elsewhere
        if let elsewhere {
            let head = try elsewhere.headCount(of: object.digest)
            guard (1...object.rawBytes).contains(head) else {
                throw RegistryError.damagedRow(field: "head", detail: "\(head) bytes cannot be the beginning of a file")
            }
            bounds = head == object.rawBytes ? [0, head] : [0, head, object.rawBytes]
        } else if object.encoding == .parts {
            try ObjectStore.check(parts, of: object)
            bounds = parts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.rawBytes) }
        } else {
            bounds = Array(stride(from: 0, to: object.rawBytes, by: Self.pieceBytes)) + [object.rawBytes]
        }
        (self.object, self.parts, self.store) = (object, parts, store)
        (digest, count) = (object.digest, object.rawBytes)
    }

    /// How many bytes can be had of a file that lies elsewhere, from its beginning; nil where all can.
    public var headCount: Int? { elsewhere == nil ? nil : bounds[1] }

    /// - Throws: as `forEachPiece`.
    public func read(_ range: Range<Int>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(range.count, count))
        try forEachPiece(of: range) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Hands out the bytes of a range in order, as many at a time as lie together.
    /// - Throws: `RegistryError.damagedObject` where the stored bytes are not the published ones, `.objectsMissing`,
    ///   `.unreadable`, `.invalidValue` for a range outside of the build; `FileError`; what `body` throws.
    public func forEachPiece(of range: Range<Int>, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            throw RegistryError.invalidValue(
                field: "bytes \(range.lowerBound)..<\(range.upperBound)",
                detail: "the build \(digest.short) has \(count) bytes. Ask for some of these."
            )
        }
        guard !range.isEmpty else { return }
        for index in piece(at: range.lowerBound)...piece(at: range.upperBound - 1) {
            let wanted = range.clamped(to: bounds[index]..<bounds[index + 1])
            let bytes = try piece(index)
            try body(bytes[(wanted.lowerBound - bounds[index])..<(wanted.upperBound - bounds[index])])
        }
    }

    /// The number of the piece that a byte is in.
    private func piece(at offset: Int) -> Int {
        var (low, high) = (0, bounds.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if bounds[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    private func piece(_ index: Int) throws -> [UInt8] {
        if let known = kept.withLock({ $0.first { $0.index == index } }) { return known.bytes }
        if let elsewhere {
            guard index == 0 else {
                throw RegistryError.invalidValue(
                    field: "bytes \(bounds[index])..<\(bounds[index + 1])",
                    detail: "the file lies elsewhere, and only its beginning is read from there. Pull the build."
                )
            }
            return try elsewhere.head(of: digest)
        }
        // Two threads may decode the same piece at once; waiting for each other would stop those that want others.
        let bytes = try parts.isEmpty ? ownPiece(bounds[index]..<bounds[index + 1]) : decoded(parts[index])
        kept.withLock { kept in
            kept.removeAll { $0.index == index }
            kept.append((index, bytes))
            if kept.count > Self.mostKept { kept.removeFirst() }
        }
        return bytes
    }

    private func decoded(_ part: StoredPart) throws -> [UInt8] {
        let buffers = (0..<2).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: part.rawBytes, alignment: 64)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        return Array(try store.decode(part, of: digest, PartDecoder(), buffers))
    }

    /// A piece of an object in one file. The first one is taken on the way while the whole file is verified.
    private func ownPiece(_ range: Range<Int>) throws -> [UInt8] {
        let path = store.path(of: object)
        let first = try verified.withLock { verified -> [UInt8]? in
            try store.bring(object)
            let status = FileStatus(path)
            if let verified, verified == status { return nil }
            var bytes: [UInt8] = []
            var offset = 0
            try store.read(object) { slab in
                let wanted = range.clamped(to: offset..<(offset + slab.count))
                bytes.append(contentsOf: slab[(wanted.lowerBound - offset)..<(wanted.upperBound - offset)])
                offset += slab.count
            }
            verified = status
            return bytes
        }
        return try first ?? store.bytes(range, ofVerified: object)
    }
}

extension ModelRegistry {
    /// The bytes of a build, to be read by range.
    /// - Throws: `RegistryError.notFound`, with the names that are there.
    public func bytes(of name: BuildName) throws -> BuildBytes { try bytes(of: build(named: name).digest) }

    /// The same for bytes that are published under whatever name.
    public func bytes(of digest: SHA256Digest) throws -> BuildBytes {
        let (object, parts) = try look { database in
            guard let object = try Rows.object(digest, database) else {
                throw RegistryError.notFound("\(digest)", available: try Rows.allNames(database))
            }
            return (object, object.encoding == .parts ? try Rows.parts(of: digest, database) : [])
        }
        return try BuildBytes(object, parts: parts, in: store, elsewhere: elsewhere)
    }
}
