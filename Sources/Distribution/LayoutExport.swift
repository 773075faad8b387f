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
        let builds = try registry.select(names)
        if isTar { try checkSpace(for: builds.reduce(0) { $0 + $1.fileBytes }, at: output) }
        let target: any LayoutTarget = isTar ? try TarTarget(output) : try FolderTarget(output)
        var index = try target.index() ?? OCIIndex()
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

    private func write(
        _ build: BuildRecord,
        to target: any LayoutTarget,
        _ progress: @escaping WorkProgress
    ) throws -> OCIDescriptor {
        try target.add(build, from: registry) { transfer in
            try progress("exporting \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }
        // A build whose other half is lost is not carried alone.
        _ = try registry.projector(of: build)
        return try target.describe(build, registry.details(of: build))
    }
}
