import BinaryIO
import DeviceFit
import GGUF
import Inference
import Registry
import SystemPackage
import Tensors
import Work

/// A GGUF file from elsewhere that engines can load, with its owner's description.
public struct FileImport {
    /// The path of the file.
    public let file: FilePath
    /// The name to publish it under.
    public let name: BuildName
    /// An SPDX identifier, or `unknown`.
    public var license = "unknown"
    /// Where the file came from; nil records only the file's name.
    public var source: String?
    /// The purposes of the model.
    public var tags: [String] = []
    /// The channel to point at the version; nil for none.
    public var channel: String?

    private let model: GGUFFile
    private let profile: ModelProfile
    private let projector: GGUFFile?

    /// Reads the files' headers, before a registry is opened.
    /// - Parameters:
    ///   - name: `model@version:type`.
    ///   - projector: the model's projector, to be published with it; nil for none.
    /// - Throws: `RegistryError.invalidName`; `GGUFError` and `InferenceError` for a file that no engine can load;
    ///   `DeviceFitError` for a projector of another model; `FileError`.
    public init(_ file: FilePath, as name: String, seeingWith projector: FilePath? = nil) throws {
        self.file = file
        self.name = try BuildName(name)
        guard !self.name.isProjector else {
            throw DistributionError.unusable(
                place: name,
                "names that begin with \(BuildName.projectorPrefix) are for what models see with, which comes with its model: "
                    + "name the model's file, and this one with \(setting: "mmproj")."
            )
        }
        model = try GGUFFile(path: file)
        try LoadingCheck.requireModel(model)
        var profile = try ModelProfile(checked: model, quantType: self.name.type.uppercased())
        self.projector = try projector.map { try GGUFFile(path: $0) }
        if let other = self.projector {
            let digest = try SHA256Digest(ofFile: other.path)
            profile.projector = try ProjectorProfile(other, beside: profile, of: file)
                .published(as: other.projectorType, sha256: digest)
        }
        self.profile = profile
    }

    /// Publishes the file without measurements and without a lineage.
    /// - Parameter registry: a registry opened for writing.
    /// - Throws: `RegistryError`, `GGUFError`, errors of `progress`.
    public func publish(into registry: ModelRegistry, progress: @escaping WorkProgress) throws -> PublishedBuild {
        var profile = profile
        profile.addTags(tags)
        var drafts = [try draft(model, name.type, profile: profile.stored)]
        // The projector is published before its model.
        if let projector { drafts.insert(draft(projector, projector.projectorType, profile: "{}"), at: 0) }
        let publication = Publication(
            model: name.model,
            version: name.version,
            builds: drafts,
            channel: channel,
            toolVersion: Edgepipe.version
        )
        let published = try registry.publish(publication) { transfer in
            try progress("\(transfer.phase) \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }
        return published[published.count - 1]
    }

    private func draft(_ file: GGUFFile, _ type: String, profile: String) -> BuildDraft {
        BuildDraft(
            type: type,
            file: file.path,
            cuts: file.partCuts,
            facts: BuildFacts(
                quantType: type.uppercased(),
                bitsPerWeight: Double(file.tensors.byteCount) * 8 / Double(max(1, file.tensors.elementCount)),
                sourceURI: source ?? "file:\(file.path.lastComponent?.string ?? "")",
                license: license,
                profile: profile
            )
        )
    }
}

extension GGUFFile {
    /// The type of a projector's build: that of its first matrix, because nearly all have the same type.
    fileprivate var projectorType: String {
        let type = tensors.first { $0.shape.dimensions.count > 1 }?.type ?? .f32
        return BuildName.projectorPrefix + type.name.lowercased()
    }
}
