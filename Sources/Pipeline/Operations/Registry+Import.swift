import DeviceFit
import Foundation
import GGUF
import Registry
import SystemPackage
import Work

extension Operations {
    /// Publishes a GGUF file that was made elsewhere. Nothing is measured, and nothing claimed of how it was made.
    /// - Parameters:
    ///   - name: `model@version:type`.
    ///   - source: where the file came from; nil says only that it was a file of this name.
    public static func importBuild(
        _ path: FilePath,
        as name: String,
        license: String,
        source: String?,
        tags: [String] = [],
        channel: String?,
        into registry: FilePath,
        progress: @escaping WorkProgress
    ) throws -> PublishedBuild {
        let name = try BuildName(name)
        let file = try GGUFFile(path: path)
        let quantType = name.type.uppercased()
        var profile = try ModelProfile(loadable: file, quantType: quantType)
        profile.addTags(tags)
        let draft = BuildDraft(
            type: name.type,
            file: path,
            cuts: file.partCuts,
            facts: BuildFacts(
                quantType: quantType,
                bitsPerWeight: Double(file.tensors.byteCount) * 8 / Double(max(1, file.tensors.elementCount)),
                sourceURI: source ?? "file:\(path.lastComponent?.string ?? "")",
                license: license,
                profile: try profile.stored
            )
        )
        let publication = Publication(
            model: name.model,
            version: name.version,
            builds: [draft],
            channel: channel,
            toolVersion: Edgepipe.version
        )
        return try changing(registry) { registry in
            let published = try registry.publish(publication) { transfer in
                try progress("\(transfer.phase) \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
            }
            return published[0]
        }
    }

    /// What the builds take on the disk.
    public static func storage(of registry: FilePath) throws -> StorageReport {
        try reading(registry) { try $0.storage() }
    }
}
