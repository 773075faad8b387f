import BinaryIO
import Registry
import SystemPackage

/// The destination of an export.
protocol LayoutTarget {
    /// The index of an earlier export there.
    func index() throws -> OCIIndex?
    /// Adds a small blob, unless it exists.
    func add(_ bytes: [UInt8], digest: SHA256Digest) throws
    /// Adds a build's file, unless it exists.
    func add(
        _ build: BuildRecord,
        from registry: ModelRegistry,
        progress: @escaping (TransferProgress) throws -> Void
    ) throws
    /// Writes the index last: an interrupted export shows the same builds as before.
    func finish(_ index: OCIIndex) throws
}

extension LayoutTarget {
    func add(_ value: some Encodable, as mediaType: String, title: String? = nil) throws -> OCIDescriptor {
        let bytes = try OCILayout.encode(value)
        let digest = SHA256Digest(of: bytes)
        try add(bytes, digest: digest)
        return OCIDescriptor(
            mediaType: mediaType,
            digest: "sha256:\(digest)",
            size: bytes.count,
            annotations: title.map { [OCIDescriptor.titleKey: $0] }
        )
    }
}

extension LayoutTarget {
    /// Adds the documents of a build: its metadata, and the manifest that refers to both. A projector is a build of its
    /// own in a layout.
    /// - Returns: the entry for the index.
    func describe(_ build: BuildRecord, _ details: BuildDetails) throws -> OCIDescriptor {
        let described = DescribedBuild(build, nil)
        let facts = try add(details, as: OCILayout.detailsType, title: "\(described.stem).json")
        let layers = [DockerModel.layer(build), facts]
        let manifest = OCIManifest(
            config: try add(DockerModel.config(of: described, layers: layers), as: DockerModel.configType),
            layers: layers,
            annotations: described.annotations
        )
        var descriptor = try add(manifest, as: OCIManifest.ociType)
        descriptor.annotations = [OCILayout.nameKey: "\(build.name)"]
        return descriptor
    }
}

struct FolderTarget: LayoutTarget {
    private let folder: FilePath

    init(_ folder: FilePath) throws {
        self.folder = folder
        try makeFolder(folder.appending("blobs").appending("sha256"))
    }

    private func path(of digest: SHA256Digest) -> FilePath { folder.pushing(FilePath(OCILayout.name(of: digest))) }

    func index() throws -> OCIIndex? { try FolderSource(folder).index() }

    func add(_ bytes: [UInt8], digest: SHA256Digest) throws { try writeFile(bytes, to: path(of: digest)) }

    func add(
        _ build: BuildRecord,
        from registry: ModelRegistry,
        progress: @escaping (TransferProgress) throws -> Void
    ) throws {
        let path = path(of: build.digest)
        let isThere = try FolderSource(folder).byteCount(of: build.digest) == build.fileBytes
        if isThere, (try? SHA256Digest(ofFile: path)) == build.digest { return }
        try checkSpace(for: build.fileBytes, at: path)
        try registry.pull(build.name, to: path, progress: progress)
    }

    func finish(_ index: OCIIndex) throws {
        try writeFile(OCILayout.marker.bytes, to: folder.appending(OCILayout.marker.name))
        try writeFile(OCILayout.encode(index), to: folder.appending(OCILayout.indexName))
    }
}

/// A tar file of the whole layout. It appears when it is complete, and replaces an existing file.
final class TarTarget: LayoutTarget {
    private let output: AtomicFile
    private var written: Set<SHA256Digest> = []

    init(_ path: FilePath) throws {
        output = try AtomicFile(path: path)
        try add(OCILayout.marker.bytes, named: OCILayout.marker.name)
    }

    func index() -> OCIIndex? { nil }

    func add(_ bytes: [UInt8], digest: SHA256Digest) throws {
        guard written.insert(digest).inserted else { return }
        try add(bytes, named: OCILayout.name(of: digest))
    }

    func add(
        _ build: BuildRecord,
        from registry: ModelRegistry,
        progress: @escaping (TransferProgress) throws -> Void
    ) throws {
        guard written.insert(build.digest).inserted else { return }
        try output.write(RegistryTar.header(named: OCILayout.name(of: build.digest), byteCount: build.fileBytes))
        let begin = output.count
        try registry.pull(build.name, into: output, at: begin, progress: progress)
        try output.finish(byteCount: begin + RegistryTar.padded(build.fileBytes))
    }

    func finish(_ index: OCIIndex) throws {
        try add(OCILayout.encode(index), named: OCILayout.indexName)
        try output.write(RegistryTar.end)
        try output.commit()
    }

    private func add(_ bytes: [UInt8], named name: String) throws {
        try output.write(RegistryTar.header(named: name, byteCount: bytes.count))
        let end = output.count + RegistryTar.padded(bytes.count)
        try output.write(bytes)
        try output.finish(byteCount: end)
    }
}
