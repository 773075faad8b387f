import BinaryIO
import DeviceFit
import GGUF
import Inference
import Registry
import SystemPackage
import Work

/// Builds that were exported from another registry, in a folder or a tar file.
public struct LayoutImport {
    private let path: FilePath
    private let source: any LayoutSource
    private let index: OCIIndex
    private var halves: [Half] = []

    /// Reads and verifies everything before a registry is opened: one damaged build, or one that no engine can load,
    /// rejects them all. Only the index is kept, so that memory does not grow with the number of builds.
    /// - Throws: `DistributionError.unusable` if this is not an export, or was changed; `FileError`, `GGUFError`,
    ///   errors of `progress`.
    public init(verifying path: FilePath, progress: @escaping WorkProgress) throws {
        self.path = path
        source = FileStatus(path)?.isFolder == false ? try TarSource(path) : FolderSource(path)
        guard let index = try source.index() else {
            throw DistributionError.unusable(
                place: path.string,
                "there is no \(OCILayout.indexName) in it. Give a folder or a tar file that was exported."
            )
        }
        self.index = index
        var present: Set<SHA256Digest> = []
        for (number, descriptor) in index.manifests.enumerated() {
            try progress("verifying", number, index.manifests.count)
            // Foundation's readers leave objects in the thread's autorelease pool.
            try Self.withoutLeavings {
                let build = try Self.verified(descriptor, in: source).build
                if build.name.isProjector { present.insert(build.digest) }
                if let (name, digest) = try build.projector { halves.append(Half(build.name, name, digest)) }
            }
        }
        halves.removeAll { present.contains($0.digest) }
    }

    /// A build whose projector is missing from the export.
    private struct Half {
        let build: BuildName
        let projector: BuildName
        let digest: SHA256Digest

        init(_ build: BuildName, _ projector: BuildName, _ digest: SHA256Digest) {
            (self.build, self.projector, self.digest) = (build, projector, digest)
        }
    }

    /// Publishes every build: bytes, facts, measurements, fits and lineage. Channels are not imported.
    /// - Parameter registry: a registry opened for writing.
    /// - Throws: `RegistryError`, `FileError`; `DistributionError.unusable` if the files changed since they were
    ///   verified, and `.halfPair` if a build's projector is neither in the export nor in the registry; errors of
    ///   `progress`.
    public func publish(into registry: ModelRegistry, progress: @escaping WorkProgress) throws -> TransferReport {
        for half in halves where try registry.digest(of: half.projector) != half.digest {
            throw DistributionError.halfPair(half.build, missing: half.projector)
        }
        var report = TransferReport(folder: path.string, builds: [], bytes: 0)
        // Projectors are published first, so that a model is never available without its projector.
        let isProjector: (OCIDescriptor) -> Bool = { descriptor in
            (descriptor.annotations?[OCILayout.nameKey]).flatMap { try? BuildName($0) }?.isProjector == true
        }
        for descriptor in index.manifests.filter(isProjector) + index.manifests.filter({ !isProjector($0) }) {
            try Self.withoutLeavings {
                // The documents are read and verified again; the file is hashed as it is stored.
                let details = try Self.details(descriptor, in: source).details
                let build = try Self.publish(details, of: source, into: registry, progress)
                report.builds.append("\(build.name)")
                report.bytes += build.fileBytes
            }
        }
        return report
    }

    private static func withoutLeavings(_ body: () throws -> Void) throws {
        #if canImport(Darwin)
            try autoreleasepool { try body() }
        #else
            try body()
        #endif
    }

    /// The metadata of a build, after its file was read and verified.
    private static func verified(
        _ descriptor: OCIDescriptor,
        in source: any LayoutSource
    ) throws -> BuildDetails {
        let (details, file) = try details(descriptor, in: source)
        let digest = try source.digest(of: file)
        let place = source.place(of: OCILayout.name(of: digest))
        guard let byteCount = try source.byteCount(of: digest) else {
            throw DistributionError.damage(place, "it is missing")
        }
        // Compares the length before reading a byte.
        guard byteCount == file.size, byteCount == details.build.fileBytes, digest == details.build.digest,
            try source.measure(digest) == digest
        else {
            throw DistributionError.damage(place, "its bytes are not those of \(details.build.name)")
        }
        let header = try GGUFHeader(named: FilePath(place), byteCount: byteCount) { end in
            try source.beginning(of: digest, byteCount: end)
        }
        let isProjector = details.build.name.isProjector
        if let reason = isProjector ? header.projectorProblem : header.loadingProblem {
            throw DistributionError.unusable(
                place: place,
                "\(details.build.name): \(reason) Nothing was imported; export the other builds by their names."
            )
        }
        return details
    }

    /// The metadata of a build and the place of its file, from the documents.
    private static func details(
        _ descriptor: OCIDescriptor,
        in source: any LayoutSource
    ) throws -> (details: BuildDetails, file: OCIDescriptor) {
        let manifest = try source.read(OCIManifest.self, at: descriptor)
        guard
            let file = manifest.layers.first(where: {
                [DockerModel.fileType, DockerModel.projectorType].contains($0.mediaType)
            }),
            let known = manifest.layers.first(where: { $0.mediaType == OCILayout.detailsType })
        else {
            let name = OCILayout.name(of: try source.digest(of: descriptor))
            throw DistributionError.damage(source.place(of: name), "it is not a build that edgepipe exported")
        }
        return (try source.read(BuildDetails.self, at: known), file)
    }

    private static func publish(
        _ details: BuildDetails,
        of source: any LayoutSource,
        into registry: ModelRegistry,
        _ progress: @escaping WorkProgress
    ) throws -> BuildRecord {
        let name = details.build.name
        var facts = details.build.facts
        // The original registry may never have checked that an engine can load the build; this import has.
        if var profile = ModelProfile(stored: facts.profile), profile.loads != true {
            profile.loads = true
            facts.profile = try profile.stored
        }
        return try source.withFile(of: details.build.digest, scratch: registry.scratchFile()) { file in
            let draft = BuildDraft(
                type: name.type,
                file: file,
                cuts: try GGUFFile(path: file).partCuts,
                facts: facts,
                measurements: details.measurements,
                fits: details.fits,
                tensorErrors: details.tensorErrors ?? [],
                recipes: details.recipes ?? []
            )
            let publication = Publication(
                model: name.model,
                version: name.version,
                builds: [draft],
                lineage: details.lineage,
                toolVersion: details.build.toolVersion
            )
            let record = try registry.publish(publication) { transfer in
                try progress("\(transfer.phase) \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
            }[0].record
            guard record.digest == details.build.digest else {
                throw DistributionError.damage(source.place(of: "\(name)"), "it changed while it was being read")
            }
            return record
        }
    }
}
