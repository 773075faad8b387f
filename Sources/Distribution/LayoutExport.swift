import BinaryIO
import Foundation
import Registry
import SystemPackage
import Work

/// What went out of a registry into a folder or a file, or came in from one.
public struct TransferReport: Codable, Sendable {
    /// The folder, or the tar file.
    public var folder: String
    /// `model@version:type`, in the order of the registry.
    public var builds: [String]
    /// The sum of the builds' files.
    public var bytes: Int
}

/// Carries builds, with what is known of them, out of a registry in the form of an OCI image layout.
public struct LayoutExport {
    private let registry: ModelRegistry

    /// Takes them out of this registry.
    public init(from registry: ModelRegistry) { self.registry = registry }

    /// Writes builds to a folder, in which what it holds already stays, or to a tar file where the name ends so.
    /// - Parameter names: `model`, `model@version` or `model@version:type`; none means all.
    /// - Throws: `RegistryError`, `FileError`, `OutputError`, and whatever `progress` throws.
    public func write(
        _ names: [String],
        to output: FilePath,
        progress: @escaping WorkProgress
    ) throws -> TransferReport {
        let isTar = output.extension == "tar" && FileStatus(output)?.isFolder != true
        if isTar { try checkOutput(output, replacing: [registry.path]) }
        let builds = try select(names)
        if isTar { try checkSpace(for: builds.reduce(0) { $0 + $1.fileBytes }, at: output) }
        let target: any LayoutTarget = isTar ? try TarTarget(output) : try FolderTarget(output)
        var index = try target.index() ?? OCILayout.Index(manifests: [])
        for build in builds {
            let descriptor = try write(build, to: target, progress)
            index.manifests.removeAll { $0.annotations?[OCILayout.nameKey] == "\(build.name)" }
            index.manifests.append(descriptor)
        }
        try target.finish(index)
        return TransferReport(
            folder: output.string,
            builds: builds.map { "\($0.name)" },
            bytes: builds.reduce(0) { $0 + $1.fileBytes }
        )
    }

    private func select(_ names: [String]) throws -> [BuildRecord] {
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
            // A build that sees takes the other half of its pair along.
            let pairs = try found.compactMap { try registry.projector(of: $0) } + found
            for build in pairs where !chosen.contains(build) { chosen.append(build) }
        }
        return chosen
    }

    private func write(
        _ build: BuildRecord,
        to target: any LayoutTarget,
        _ progress: @escaping WorkProgress
    ) throws -> OCILayout.Descriptor {
        try target.add(build, from: registry) { transfer in
            try progress("exporting \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }
        let stem = "\(build.name.model)-\(build.name.version)-\(build.name.type)"
        let file = OCILayout.Descriptor(
            mediaType: OCILayout.fileType,
            digest: "sha256:\(build.digest)",
            size: build.fileBytes,
            annotations: [OCILayout.titleKey: "\(stem).gguf", "org.cncf.model.filepath": "\(stem).gguf"]
        )
        let details = try registry.details(of: build)
        let created = build.createdAt.formatted(.iso8601)
        let config = OCILayout.Config(
            config: .init(quantization: build.facts.quantType),
            descriptor: ["created": created],
            rootfs: .init(diffIDs: [file.digest])
        )
        let manifest = OCILayout.Manifest(
            config: try target.add(config, as: OCILayout.configType),
            layers: [file, try target.add(details, as: OCILayout.detailsType, title: "\(stem).json")],
            annotations: [
                "org.opencontainers.image.created": created,
                "org.opencontainers.image.licenses": build.facts.license,
                "org.opencontainers.image.version": "\(build.name.version)",
            ]
        )
        var descriptor = try target.add(manifest, as: OCILayout.manifestType)
        descriptor.annotations = [OCILayout.nameKey: "\(build.name)"]
        return descriptor
    }
}
