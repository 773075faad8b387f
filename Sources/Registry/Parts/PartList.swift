import BinaryIO
import SystemPackage

/// The parts of a build's file, for a client that has an older file and downloads only what changed.
public struct PartList: Codable, Hashable, Sendable {
    /// A run of bytes of the file.
    public struct Part: Codable, Hashable, Sendable {
        /// Byte offset in the file.
        public var at: Int
        /// In bytes.
        public var size: Int
        /// SHA-256 of the part's bytes.
        public var sha256: SHA256Digest

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(at: Int, size: Int, sha256: SHA256Digest) { (self.at, self.size, self.sha256) = (at, size, sha256) }
    }

    /// The digest of the file, with the prefix `sha256:`.
    public var build: String
    /// Size of the file, in bytes.
    public var size: Int
    /// The parts in the order of the file, without a gap; a single part if the registry stores the file whole.
    public var parts: [Part]

    /// Whether the parts make up a file of this size.
    public var isWhole: Bool {
        var offset = 0
        for part in parts {
            guard part.at == offset, part.size > 0, part.size <= size - offset else { return false }
            offset += part.size
        }
        return offset == size
    }

    /// The parts that a registry would store for a file, for a client that compares them with another list.
    /// - Throws: `FileError`; `RegistryError.invalidValue` if the cuts do not fit this file.
    public init(ofFile path: FilePath, cutAt cuts: [PartCut]) throws {
        let file = try MappedFile(path: path)
        parts = try PartCut.pieces(of: file.count, cutAt: cuts).map { piece in
            let range = piece.offset..<(piece.offset + piece.count)
            defer { file.release(range) }
            return Part(at: piece.offset, size: piece.count, sha256: SHA256Digest(of: try file.bytes(in: range)))
        }
        (build, size) = ("sha256:\(try SHA256Digest(ofFile: path))", file.count)
    }

    init(build: String, size: Int, parts: [Part]) { (self.build, self.size, self.parts) = (build, size, parts) }
}

extension ModelRegistry {
    /// The parts of a build's file.
    /// - Throws: `RegistryError`.
    public func partList(of build: BuildRecord) throws -> PartList {
        let stored = try build.encoding == .parts ? look { try Rows.parts(of: build.digest, $0) } : []
        var list = PartList(build: "sha256:\(build.digest)", size: build.fileBytes, parts: [])
        var offset = 0
        for part in stored {
            list.parts.append(.init(at: offset, size: part.rawBytes, sha256: part.digest))
            offset += part.rawBytes
        }
        if stored.isEmpty { list.parts = [.init(at: 0, size: build.fileBytes, sha256: build.digest)] }
        return list
    }
}
