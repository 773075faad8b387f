import BinaryIO
import Foundation
import GGUF
import Registry
import SystemPackage

/// What went out of a registry into a folder, or came in from one.
public struct TransferReport: Codable, Sendable {
    public var folder: String
    public var builds: [String]
    /// The sum of the builds' files.
    public var bytes: Int
}

extension Operations {
    /// Writes builds with what is known of them to a folder in the form of an OCI image layout. What the folder holds
    /// already stays in it.
    /// - Parameter names: `model`, `model@version` or `model@version:type`; none means all.
    public static func export(
        _ names: [String],
        from registry: FilePath,
        to folder: FilePath,
        progress: @escaping WorkProgress
    ) throws -> TransferReport {
        let layout = OCILayout(folder: folder)
        return try reading(registry) { registry in
            let builds = try select(names, from: registry)
            try makeFolder(folder.appending("blobs").appending("sha256"))
            var index = try layout.index() ?? OCILayout.Index(manifests: [])
            for build in builds {
                let descriptor = try export(build, from: registry, to: layout, progress)
                index.manifests.removeAll { $0.annotations?[OCILayout.nameKey] == "\(build.name)" }
                index.manifests.append(descriptor)
            }
            try layout.write(index)
            return TransferReport(
                folder: folder.string,
                builds: builds.map { "\($0.name)" },
                bytes: builds.reduce(0) { $0 + $1.fileBytes }
            )
        }
    }

    /// Publishes every build of such a folder: bytes, facts, measurements, fits and lineage. Channels stay behind.
    public static func importLayout(
        _ folder: FilePath,
        into registry: FilePath,
        progress: @escaping WorkProgress
    ) throws -> TransferReport {
        let layout = OCILayout(folder: folder)
        guard let index = try layout.index() else {
            throw PipelineError.badRequest("\(folder): there is no index.json in it. Give a folder that was exported.")
        }
        return try changing(registry) { registry in
            var report = TransferReport(folder: folder.string, builds: [], bytes: 0)
            for descriptor in index.manifests {
                let build = try publish(descriptor, of: layout, into: registry, progress)
                report.builds.append("\(build.name)")
                report.bytes += build.fileBytes
            }
            return report
        }
    }

    private static func select(_ names: [String], from registry: ModelRegistry) throws -> [BuildRecord] {
        if names.isEmpty { return try registry.builds() }
        var chosen: [BuildRecord] = []
        for name in names {
            let reference = try BuildReference(name)
            var filter = BuildFilter(model: reference.model, type: reference.type)
            switch reference.selector {
            case .newest: break
            case .version(let version): filter.version = version
            case .channel(let channel): filter.channel = channel
            }
            let found = try registry.builds(matching: filter)
            // Says in words what there is instead.
            if found.isEmpty { _ = try registry.resolve(reference) }
            chosen += found.filter { !chosen.contains($0) }
        }
        return chosen
    }

    private static func export(
        _ build: BuildRecord,
        from registry: ModelRegistry,
        to layout: OCILayout,
        _ progress: @escaping WorkProgress
    ) throws -> OCILayout.Descriptor {
        let path = layout.path(of: build.digest)
        if FileStatus(path)?.byteCount != build.fileBytes || (try? SHA256Digest(ofFile: path)) != build.digest {
            try checkSpace(for: build.fileBytes, at: path)
            _ = try registry.pull(build.name, to: path) { transfer in
                try progress("exporting \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
            }
        }
        let stem = "\(build.name.model)-\(build.name.version)-\(build.name.type)"
        let file = OCILayout.Descriptor(
            mediaType: OCILayout.fileType,
            digest: "sha256:\(build.digest)",
            size: build.fileBytes,
            annotations: [OCILayout.titleKey: "\(stem).gguf", "org.cncf.model.filepath": "\(stem).gguf"]
        )
        let details = BuildDetails(
            build: build,
            measurements: try registry.measurements(of: build.digest),
            fits: try registry.fits(of: build.digest),
            lineage: try registry.lineage(of: build.digest)
        )
        let created = build.createdAt.formatted(.iso8601)
        let config = OCILayout.Config(
            config: .init(quantization: build.facts.quantType),
            descriptor: ["created": created],
            rootfs: .init(diffIDs: [file.digest])
        )
        let manifest = OCILayout.Manifest(
            config: try layout.write(config, as: OCILayout.configType),
            layers: [file, try layout.write(details, as: OCILayout.detailsType, title: "\(stem).json")],
            annotations: [
                "org.opencontainers.image.created": created,
                "org.opencontainers.image.licenses": build.facts.license,
                "org.opencontainers.image.version": "\(build.name.version)",
            ]
        )
        var descriptor = try layout.write(manifest, as: OCILayout.manifestType)
        descriptor.annotations = [OCILayout.nameKey: "\(build.name)"]
        return descriptor
    }

    private static func publish(
        _ descriptor: OCILayout.Descriptor,
        of layout: OCILayout,
        into registry: ModelRegistry,
        _ progress: @escaping WorkProgress
    ) throws -> BuildRecord {
        let manifest = try layout.read(OCILayout.Manifest.self, at: descriptor)
        guard let file = manifest.layers.first(where: { $0.mediaType == OCILayout.fileType }),
            let known = manifest.layers.first(where: { $0.mediaType == OCILayout.detailsType })
        else {
            throw layout.damage(try layout.path(of: descriptor), "it is no build that edgepipe exported")
        }
        let details = try layout.read(BuildDetails.self, at: known)
        let path = try layout.path(of: file)
        guard file.sha256 == details.build.digest, try SHA256Digest(ofFile: path) == details.build.digest else {
            throw layout.damage(path, "its bytes are not those of \(details.build.name)")
        }
        let name = details.build.name
        let publication = Publication(
            model: name.model,
            version: name.version,
            builds: [
                BuildDraft(
                    type: name.type,
                    file: path,
                    cuts: try GGUFFile(path: path).partCuts,
                    facts: details.build.facts,
                    measurements: details.measurements,
                    fits: details.fits
                )
            ],
            lineage: details.lineage,
            toolVersion: details.build.toolVersion
        )
        let published = try registry.publish(publication) { transfer in
            try progress("\(transfer.phase) \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }
        return published[0].record
    }
}
