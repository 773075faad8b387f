import BinaryIO
import Registry
import SystemPackage
import Work

/// A manifest that was sent, as far as it is of a build of edgepipe; others are refused.
package struct ReceivedManifest: Sendable {
    /// What is sent.
    package enum Kind: Sendable, Equatable {
        /// A build in one dialect, by the digest of its own file.
        case build(SHA256Digest)
        /// A document about a build, by the digests of that build's manifest and of the document.
        case document(about: SHA256Digest, SHA256Digest)
        /// The list of all builds.
        case index
    }

    /// What is sent.
    package let kind: Kind
    /// As the document says of itself, or its sender.
    package let mediaType: String
    /// Of a document.
    package let artifactType: String?
    /// Those of the manifest.
    package let annotations: [String: String]?
    /// The blobs that must be there.
    package let blobs: [(digest: SHA256Digest, size: Int)]

    /// Whether it carries what a registry knows of a build.
    package var holdsFacts: Bool { artifactType == PushedDocument.factsType }

    /// - Parameter contentType: as the sender calls the bytes.
    /// - Throws: `DistributionError.badAnswer` for everything that is no manifest of a build, in words that end with what to do.
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

    /// A manifest as it is answered with.
    package func served(_ bytes: [UInt8]) -> ServedManifest {
        ServedManifest(bytes, as: mediaType, artifactType: artifactType, annotations: annotations)
    }
}

/// A build that was sent: its file and what is known of it, in a folder that has the form of a layout.
package struct ReceivedBuild {
    /// Names, digests and everything that is known of it.
    package let details: BuildDetails
    private let folder: FilePath

    /// - Parameters:
    ///   - facts: the document of what is known of the build.
    ///   - folder: where the blobs are, each under `blobs/sha256/` and its digest.
    /// - Throws: `DistributionError.unusable` for a document that is none.
    package init(_ facts: [UInt8], in folder: FilePath) throws {
        details = try OCILayout.decode(BuildDetails.self, from: facts, of: "the facts")
        self.folder = folder
    }

    /// Where the blob of a digest is in a folder.
    package static func path(of digest: SHA256Digest, in folder: FilePath) -> FilePath {
        folder.pushing(FilePath(OCILayout.name(of: digest)))
    }

    /// Publishes the build, verified as an import from a layout is; its row is written last.
    /// - Parameter registry: opened to be changed.
    /// - Throws: `DistributionError`, `RegistryError`, `FileError`, and whatever `progress` throws.
    package func publish(into registry: ModelRegistry, progress: @escaping WorkProgress) throws {
        let build = details.build
        let target = try FolderTarget(folder)
        let file = Self.path(of: build.digest, in: folder)
        // The registry may have the same bytes under another name, and then nobody sent them.
        if FileStatus(file) == nil, let other = try registry.builds(ofDigest: build.digest).first {
            try checkSpace(for: build.fileBytes, at: file)
            try registry.pull(other.name, to: file)
        }
        try target.finish(OCIIndex([try target.describe(build, details)]))
        _ = try LayoutImport(verifying: folder, progress: progress).publish(into: registry, progress: progress)
    }
}
