import DeviceFit
import GGUF
import Inference
import Registry
import SystemPackage
import Work

/// A GGUF file that was made elsewhere and that engines can load, and what its owner says of it.
public struct FileImport {
    /// The path of the file.
    public let file: FilePath
    /// What it is to be called.
    public let name: BuildName
    /// An SPDX identifier, or `unknown`.
    public var license = "unknown"
    /// Where the file came from; nil says only that it was a file of this name.
    public var source: String?
    /// What the model is for.
    public var tags: [String] = []
    /// The channel that is to point to the version too.
    public var channel: String?

    private let model: GGUFFile

    /// Reads the file's header, before any registry is opened.
    /// - Parameter name: `model@version:type`.
    /// - Throws: `RegistryError.invalidName`; `GGUFError` and `InferenceError` for a file that no engine can load; `FileError`.
    public init(_ file: FilePath, as name: String) throws {
        self.file = file
        self.name = try BuildName(name)
        model = try GGUFFile(path: file)
        try LoadingCheck.requireModel(model)
    }

    /// Publishes the file. Nothing is measured, and nothing claimed of how it was made.
    /// - Parameter registry: opened to be changed.
    /// - Throws: `RegistryError`, `GGUFError`, and whatever `progress` throws.
    public func publish(into registry: ModelRegistry, progress: @escaping WorkProgress) throws -> PublishedBuild {
        let quantType = name.type.uppercased()
        var profile = try ModelProfile(checked: model, quantType: quantType)
        profile.addTags(tags)
        let draft = BuildDraft(
            type: name.type,
            file: file,
            cuts: model.partCuts,
            facts: BuildFacts(
                quantType: quantType,
                bitsPerWeight: Double(model.tensors.byteCount) * 8 / Double(max(1, model.tensors.elementCount)),
                sourceURI: source ?? "file:\(file.lastComponent?.string ?? "")",
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
        return try registry.publish(publication) { transfer in
            try progress("\(transfer.phase) \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }[0]
    }
}
