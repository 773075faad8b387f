import BinaryIO
import Foundation
import Registry
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The source of an import. Its bytes are not trusted until their digest is verified.
protocol LayoutSource {
    /// The place of a blob, for errors.
    func place(of name: String) -> String
    /// A small file of the layout; nil if there is none.
    func document(named name: String) throws -> [UInt8]?
    /// The length of a blob in bytes, without reading it; nil if there is none.
    func byteCount(of digest: SHA256Digest) throws -> Int?
    /// Reads a whole blob and returns its digest.
    func measure(_ digest: SHA256Digest) throws -> SHA256Digest
    /// The first bytes of a blob.
    func beginning(of digest: SHA256Digest, byteCount: Int) throws -> [UInt8]
    /// Passes a file with the bytes of a blob to `use`.
    func withFile<Value>(
        of digest: SHA256Digest,
        scratch: FilePath,
        _ use: (FilePath) throws -> Value
    ) throws -> Value
}

extension LayoutSource {
    /// The index; nil if there is none.
    func index() throws -> OCIIndex? {
        try document(named: OCILayout.indexName).map {
            try OCILayout.decode(OCIIndex.self, from: $0, of: place(of: OCILayout.indexName))
        }
    }

    /// A small blob, verified.
    func read<Value: Decodable>(_ type: Value.Type, at descriptor: OCIDescriptor) throws -> Value {
        let name = OCILayout.name(of: try digest(of: descriptor))
        guard let byteCount = try byteCount(of: digest(of: descriptor)) else {
            throw DistributionError.damage(place(of: name), "it is missing")
        }
        // Checked before a byte is read.
        guard byteCount == descriptor.size, byteCount <= OCILayout.longestDocument else {
            throw DistributionError.damage(
                place(of: name),
                "it has \(byteCount) bytes, and the layout names \(descriptor.size)"
            )
        }
        guard let bytes = try document(named: name) else {
            throw DistributionError.damage(place(of: name), "it is missing")
        }
        guard bytes.count == descriptor.size, SHA256Digest(of: bytes) == descriptor.sha256 else {
            throw DistributionError.damage(place(of: name), "its bytes are not those that the layout names")
        }
        return try OCILayout.decode(type, from: bytes, of: place(of: name))
    }

    func digest(of descriptor: OCIDescriptor) throws -> SHA256Digest {
        guard let digest = descriptor.sha256 else {
            let text = descriptor.digest.prefix(80)
            throw DistributionError.damage(place(of: OCILayout.indexName), "\"\(text)\" is no SHA-256")
        }
        return digest
    }
}

struct FolderSource: LayoutSource {
    private let folder: FilePath

    init(_ folder: FilePath) { self.folder = folder }

    private func path(of name: String) -> FilePath { folder.pushing(FilePath(name)) }

    func place(of name: String) -> String { path(of: name).string }

    func document(named name: String) throws -> [UInt8]? {
        let path = path(of: name)
        return try regularFileBytes(path) == nil ? nil : try readFile(path, limit: OCILayout.longestDocument)
    }

    func byteCount(of digest: SHA256Digest) throws -> Int? {
        try regularFileBytes(path(of: OCILayout.name(of: digest)))
    }

    func measure(_ digest: SHA256Digest) throws -> SHA256Digest {
        try SHA256Digest(ofFile: path(of: OCILayout.name(of: digest)))
    }

    func beginning(of digest: SHA256Digest, byteCount: Int) throws -> [UInt8] {
        let path = path(of: OCILayout.name(of: digest))
        var bytes: [UInt8] = []
        try RegistryTar(path: path, entries: [:]).forEachSlab(of: .init(offset: 0, byteCount: byteCount)) {
            bytes += $0
        }
        return bytes
    }

    /// The length of a regular file of the layout, in bytes; nil if there is none.
    ///
    /// Other kinds of files are rejected: a device never ends, a FIFO blocks its reader, and a link out of the folder
    /// would import files that nobody exported.
    private func regularFileBytes(_ path: FilePath) throws -> Int? {
        var status = stat()
        guard lstat(path.string, &status) == 0 else {
            switch Errno(rawValue: errno) {
            case .noSuchFileOrDirectory: return nil
            case let reason: throw FileError("open", path, errno: reason)
            }
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int(status.st_size)
        case S_IFLNK: throw DistributionError.damage(path.string, "it is a link, and a layout has files only")
        default: throw DistributionError.damage(path.string, "it is not a regular file")
        }
    }

    func withFile<Value>(
        of digest: SHA256Digest,
        scratch: FilePath,
        _ use: (FilePath) throws -> Value
    ) throws -> Value {
        try use(path(of: OCILayout.name(of: digest)))
    }
}

/// A tar file with a layout in it. Its whole table of contents is read and checked first.
struct TarSource: LayoutSource {
    private let tar: RegistryTar

    init(_ path: FilePath) throws { tar = try RegistryTar(reading: path) }

    func place(of name: String) -> String { "\(tar.path): \(name)" }

    func document(named name: String) throws -> [UInt8]? {
        guard let entry = tar.entries[name] else { return nil }
        guard entry.byteCount <= OCILayout.longestDocument else {
            throw DistributionError.damage(place(of: name), "it has \(entry.byteCount) bytes, which no document has")
        }
        var bytes: [UInt8] = []
        try tar.forEachSlab(of: entry) { bytes += $0 }
        return bytes
    }

    func byteCount(of digest: SHA256Digest) -> Int? { tar.entries[OCILayout.name(of: digest)]?.byteCount }

    func measure(_ digest: SHA256Digest) throws -> SHA256Digest {
        let name = OCILayout.name(of: digest)
        guard let entry = tar.entries[name] else { throw DistributionError.damage(place(of: name), "it is missing") }
        var hasher = SHA256Hasher()
        try tar.forEachSlab(of: entry) { hasher.update($0) }
        return hasher.finalize()
    }

    func beginning(of digest: SHA256Digest, byteCount: Int) throws -> [UInt8] {
        let name = OCILayout.name(of: digest)
        guard let entry = tar.entries[name] else { throw DistributionError.damage(place(of: name), "it is missing") }
        var bytes: [UInt8] = []
        try tar.forEachSlab(of: .init(offset: entry.offset, byteCount: byteCount)) { bytes += $0 }
        return bytes
    }

    func withFile<Value>(
        of digest: SHA256Digest,
        scratch: FilePath,
        _ use: (FilePath) throws -> Value
    ) throws -> Value {
        let name = OCILayout.name(of: digest)
        guard let entry = tar.entries[name] else { throw DistributionError.damage(place(of: name), "it is missing") }
        try checkSpace(for: entry.byteCount, at: scratch)
        let output = try AtomicFile(path: scratch, isOfRegistry: true)
        try tar.forEachSlab(of: entry) { try output.write($0) }
        try output.commit()
        defer { try? FileManager.default.removeItem(atPath: scratch.string) }
        return try use(scratch)
    }
}
