import BinaryIO
import Foundation
import Registry
import SystemPackage
import Transfer
import Work

/// Imports builds with their metadata from an OCI registry. Each build is downloaded, verified and published on its
/// own, its projector first; an interrupted import resumes.
public struct RemoteImport: Sendable {
    /// Whether to copy the channels of the remote registry.
    public var takesChannels = false

    private let place: RemotePlace

    /// Imports from this place.
    public init(from place: RemotePlace) { self.place = place }

    /// Publishes every build of the place, or only the build of its tag if it has one.
    /// - Parameter registry: a registry opened for writing.
    /// - Throws: `DistributionError`, `RegistryError`, errors of `progress`.
    public func publish(into registry: ModelRegistry, progress: @escaping WorkProgress) throws -> TransferReport {
        let reference = place.reference
        let index = try place.with("reading what \(reference.host) has", progress) { client, _ in
            try await RemoteIndex.wanted(from: client, reference)
        }
        guard !index.builds.isEmpty else {
            throw DistributionError.missing(reference.host, what: "build of edgepipe in \(reference.repository)")
        }
        let folder = FilePath("\(registry.path).work").appending("imports")
        // Projectors are published first, so that a model is never available without its projector.
        let ordered =
            index.builds.filter { $0.details.build.name.isProjector }
            + index.builds.filter { !$0.details.build.name.isProjector }
        var report = TransferReport(folder: "\(reference)", builds: [], bytes: 0)
        for entry in ordered {
            let build = entry.details.build
            let layout = folder.appending("\(build.digest)")
            try write(entry, as: layout, registry, progress)
            let imported = try LayoutImport(verifying: layout, progress: progress).publish(
                into: registry,
                progress: progress
            )
            report.builds += imported.builds
            report.bytes += imported.bytes
            try? FileManager.default.removeItem(atPath: layout.string)
        }
        if takesChannels { try point(index.channels, in: registry) }
        return report
    }

    /// Writes a layout with one build, as an export does.
    private func write(
        _ entry: RemoteIndex.Entry,
        as layout: FilePath,
        _ registry: ModelRegistry,
        _ progress: @escaping WorkProgress
    ) throws {
        let build = entry.details.build
        let target = try FolderTarget(layout)
        try checkSpace(for: build.fileBytes, at: layout)
        let blob = layout.pushing(FilePath(OCILayout.name(of: build.digest)))
        if FileStatus(blob)?.byteCount != build.fileBytes {
            try place.with("pulling \(build.name)", progress) { client, meter in
                meter.expect(build.fileBytes)
                let fetch = BlobFetch(
                    client: client.beside(entry.repository),
                    digest: build.digest,
                    size: build.fileBytes,
                    output: blob
                ) { meter.update("\(build.digest)", $0) }
                _ = try await fetch.run()
            }
        }
        try target.finish(OCIIndex([target.describe(build, entry.details)]))
    }

    private func point(_ channels: [MirroredChannel], in registry: ModelRegistry) throws {
        let reason = MoveReason(who: NSUserName(), why: "imported from \(place.reference)")
        for channel in channels {
            try registry.setChannel(channel.name, of: channel.model, to: channel.version, because: reason)
        }
    }
}
