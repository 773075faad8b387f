import BinaryIO
import Registry
import SystemPackage
import Work

/// A received manifest of a build, or of a document about one; other manifests are rejected.
package struct ReceivedManifest: Sendable {
    /// The content of a received manifest.
    package enum Kind: Sendable, Equatable {
        /// A build in one dialect, by the digest of its own file.
        case build(SHA256Digest)
        /// A document about a build, by the digests of that build's manifest and of the document.
        case document(about: SHA256Digest, SHA256Digest)
        /// The list of all builds.
        case index
    }

    /// The content of the manifest.
    package let kind: Kind
    /// The media type in the manifest, or as its sender gives it.
    package let mediaType: String
    /// The type of a document; nil for a build.
    package let artifactType: String?
    /// The annotations of the manifest.
    package let annotations: [String: String]?
    /// The blobs that must have been received.
    package let blobs: [(digest: SHA256Digest, size: Int)]

    /// Whether it carries the metadata of a build.
    package var holdsFacts: Bool { artifactType == PushedDocument.factsType }

    /// - Parameter contentType: the media type as its sender gives it.
    /// - Throws: `DistributionError.badAnswer` if it is not a manifest of a build; the message ends with what to do.
    package init(_ bytes: [UInt8], contentType: String?) throws {
        let json = try? JSONValue(parsing: bytes)
        // A document that is both a manifest and a list can be read in two ways.
        guard let json, json["manifests"] == nil, json["layers"] != nil,
            let manifest = try? OCILayout.decode(OCIManifest.self, from: bytes, of: "manifest")
        else { throw Self.refusal("it is not a manifest of files") }
        let type = contentType.map { String($0.prefix { $0 != ";" }) }
        guard let mediaType = manifest.mediaType ?? type, type == nil || type == mediaType,
            [OCIManifest.ociType, OCIManifest.dockerType].contains(mediaType)
        else { throw Self.refusal("it is of another type than it is sent as, or than manifests are") }
        let named = [manifest.config] + manifest.layers
        blobs = try named.map { descriptor in
            guard let digest = descriptor.sha256, descriptor.size >= 0 else {
                throw Self.refusal("it names bytes by no SHA-256, or with no size")
            }
            return (digest, descriptor.size)
        }
        (self.mediaType, artifactType, annotations) = (mediaType, manifest.artifactType, manifest.annotations)
        if let subject = manifest.subject {
            guard let about = subject.sha256, manifest.layers.count == 1, let document = manifest.layers[0].sha256
            else {
                throw Self.refusal("it is about something and holds no single document")
            }
            kind = .document(about: about, document)
        } else if manifest.artifactType == RemoteIndex.type {
            kind = .index
        } else {
            let types = [
                DockerModel.fileType, DockerModel.projectorType, ModelPack.fileType, OllamaModel.fileType,
            ]
            guard let file = manifest.layers.first(where: { types.contains($0.mediaType) })?.sha256 else {
                throw Self.refusal("it holds no GGUF file")
            }
            kind = .build(file)
        }
    }

    private static func refusal(_ reason: String) -> DistributionError {
        .unusable(
            place: "the manifest",
            "\(reason). Only builds of edgepipe are taken; send them with `edgepipe push`."
        )
    }

    /// The manifest in the form that the server answers with.
    package func served(_ bytes: [UInt8]) -> ServedManifest {
        ServedManifest(bytes, as: mediaType, artifactType: artifactType, annotations: annotations)
    }
}

/// A received build: its file and its metadata, in a folder in the form of a layout.
package struct ReceivedBuild {
    /// All metadata of the build.
    package let details: BuildDetails
    private let folder: FilePath

    /// - Parameters:
    ///   - facts: the document with the build's metadata.
    ///   - folder: the folder of the blobs, each under `blobs/sha256/` and its digest.
    /// - Throws: `DistributionError.unusable` if the document is invalid.
    package init(_ facts: [UInt8], in folder: FilePath) throws {
        details = try OCILayout.decode(BuildDetails.self, from: facts, of: "the facts")
        self.folder = folder
    }

    /// The path of a blob in a folder.
    package static func path(of digest: SHA256Digest, in folder: FilePath) -> FilePath {
        folder.pushing(FilePath(OCILayout.name(of: digest)))
    }

    /// Publishes the build, verified like an import from a layout; its row is written last.
    /// - Parameter registry: a registry opened for writing.
    /// - Throws: `DistributionError`, `RegistryError`, `FileError`, errors of `progress`.
    package func publish(into registry: ModelRegistry, progress: @escaping WorkProgress) throws {
        let build = details.build
        let target = try FolderTarget(folder)
        let file = Self.path(of: build.digest, in: folder)
        // If the registry has the same bytes under another name, the client did not upload them.
        if FileStatus(file) == nil, let other = try registry.builds(ofDigest: build.digest).first {
            try checkSpace(for: build.fileBytes, at: file)
            try registry.pull(other.name, to: file)
        }
        try target.finish(OCIIndex([try target.describe(build, details)]))
        _ = try LayoutImport(verifying: folder, progress: progress).publish(into: registry, progress: progress)
    }
}
