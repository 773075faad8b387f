import BinaryIO
import Synchronization
import SystemPackage

/// The raw bytes of a published build, readable by range without unpacking the rest. All bytes are verified against a
/// SHA-256 before they are returned.
///
/// If the build is stored in parts, the parts that the range touches are decoded and verified, and the last two stay in
/// memory. If it is stored in one file, there is only one digest: the file is read whole before its first range, and a
/// compressed file is decompressed up to the range each time.
///
/// Several threads may read at once. If a repair moves the bytes meanwhile, an older value reports damage; request a
/// new one then.
public final class BuildBytes: Sendable {
    /// The length of the pieces of an object in one file, in bytes; a small range costs at least this much.
    private static let pieceBytes = 4 << 20
    /// The number of decoded pieces kept in memory, so that small or repeated reads do not decode each time.
    private static let mostKept = 2

    /// SHA-256 of all the bytes.
    public let digest: SHA256Digest
    /// Size of the whole build, in bytes.
    public let count: Int

    private let store: ObjectStore
    private let elsewhere: (any BuildsElsewhere)?
    private let object: StoredObject
    /// The parts; empty if the object is one file.
    private let parts: [StoredPart]
    /// The offset of each piece, followed by the end of the last one, in bytes.
    private let bounds: [Int]
    private let kept = Mutex<[(index: Int, bytes: [UInt8])]>([])
    /// The status of the file when its bytes were verified.
    private let verified = Mutex<FileStatus?>(nil)

    /// - Throws: `RegistryError.damagedRow` if the parts cannot be those of the object.
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

    /// The number of bytes that are available from the beginning of a file that is stored elsewhere; nil if all are.
    public var headCount: Int? { elsewhere == nil ? nil : bounds[1] }

    /// Reads a range of the build's bytes.
    /// - Throws: the errors of `forEachPiece`.
    public func read(_ range: Range<Int>) throws -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(range.count, count))
        try forEachPiece(of: range) { bytes.append(contentsOf: $0) }
        return bytes
    }

    /// Passes the bytes of a range to `body` in order, one contiguous piece at a time.
    /// - Throws: `RegistryError.damagedObject` if the stored bytes differ from the published ones, `.objectsMissing`,
    ///   `.unreadable`, `.invalidValue` for a range outside the build; `FileError`; errors of `body`.
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

    /// The index of the piece that contains a byte.
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
        // Two threads may decode the same piece at once; a lock would stop threads that read other pieces.
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

    /// A piece of an object in one file. If the file must be verified first, that pass collects the
    /// piece.
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
    /// The bytes of a build, readable by range.
    /// - Throws: `RegistryError.notFound`, with the names that exist.
    public func bytes(of name: BuildName) throws -> BuildBytes { try bytes(of: build(named: name).digest) }

    /// The published bytes with this digest, under any name, readable by range.
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
