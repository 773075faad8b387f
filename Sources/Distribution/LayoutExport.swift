import BinaryIO
import Foundation
import Registry
import SystemPackage
import Work

/// The result of exporting builds to a folder or file, or importing them from one.
public struct TransferReport: Codable, Sendable {
    /// The folder, or the tar file.
    public var folder: String
    /// The builds as `model@version:type`, in the order of the registry.
    public var builds: [String]
    /// The sum of the sizes of the builds' files, in bytes.
    public var bytes: Int
}

/// Exports builds and their metadata from a registry as an OCI image layout.
public struct LayoutExport {
    private let registry: ModelRegistry

    /// Exports from this registry.
    public init(from registry: ModelRegistry) { self.registry = registry }

    /// Writes builds to a folder, where existing builds stay, or to a tar file if the name ends in `.tar`.
    /// - Parameter names: `model`, `model@version` or `model@version:type`; empty means all.
    /// - Throws: `RegistryError`, `FileError`, `OutputError`, errors of `progress`.
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
        // A build whose projector is lost is not exported alone.
        _ = try registry.projector(of: build)
        return try target.describe(build, registry.details(of: build))
    }
}
