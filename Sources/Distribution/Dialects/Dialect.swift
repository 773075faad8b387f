import BinaryIO
import DeviceFit
import Foundation
import Registry

/// The kind of client that a manifest is for. All kinds refer to the same blob.
public enum Dialect: String, CaseIterable, Sendable, Codable {
    /// Docker Model Runner, llama.cpp's `--docker-repo`, oras, skopeo; facts are attached to this manifest.
    case docker
    /// CNCF ModelPack.
    case modelpack
    /// Ollama.
    case ollama

    /// The tag of a build: `1.0.0-q4_k_m`, followed by the dialect's name except for docker.
    func tag(of build: BuildName) -> String {
        let tag = "\(build.version)-\(build.type)".replacing("+", with: "_")
        return self == .docker ? tag : "\(tag)-\(rawValue)"
    }
}

/// The properties of a build that manifests contain.
struct DescribedBuild {
    let record: BuildRecord
    /// The model's shape; nil for a projector, or if the registry does not know it.
    let profile: ModelProfile?
    /// The projector of the model; nil if it has none.
    let projector: BuildRecord?

    init(_ record: BuildRecord, _ projector: BuildRecord?) {
        (self.record, self.projector) = (record, projector)
        profile = ModelProfile(stored: record.facts.profile)
    }

    /// The name of its files, without an extension.
    static func stem(_ name: BuildName) -> String { "\(name.model)-\(name.version)-\(name.type)" }

    var stem: String { Self.stem(record.name) }

    /// When it was published; the same for every push, so that the digest of the manifest is too.
    var created: String { record.createdAt.formatted(.iso8601) }

    /// The parameter count as Docker writes it: "1.24B".
    var parameters: String? { profile.map { Self.short($0.parameterCount, places: 2) } }

    /// A count with a suffix and this many decimal places: 1.24B.
    static func short(_ count: Int, places: Int) -> String {
        for (unit, size) in [("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)] where Double(count) >= size {
            return (Double(count) / size).formatted(places) + unit
        }
        return "\(count)"
    }

    /// The SPDX spelling of the licence, if it is a common licence of models.
    var license: String {
        let known = [
            "MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0",
            "CC-BY-NC-SA-4.0", "CC0-1.0", "GPL-3.0-only", "AGPL-3.0-only", "LGPL-3.0-only", "ISC", "Unlicense",
            "OpenRAIL",
        ]
        return known.first { $0.lowercased() == record.facts.license.lowercased() } ?? record.facts.license
    }

    var annotations: [String: String] {
        [
            "org.opencontainers.image.created": created,
            "org.opencontainers.image.licenses": license,
            "org.opencontainers.image.version": "\(record.name.version)",
            "org.opencontainers.image.title": record.name.model,
        ]
    }
}

/// A manifest with the small blobs that it refers to.
struct DialectManifest {
    /// Bytes and media type of the configuration.
    let config: (bytes: [UInt8], mediaType: String)
    let manifest: OCIManifest

    func encoded() throws -> [UInt8] { try OCILayout.encode(manifest) }
}

extension Dialect {
    /// - Throws: `EncodingError`, never for values of a registry.
    func manifest(of build: DescribedBuild) throws -> DialectManifest {
        switch self {
        case .docker: try DockerModel.manifest(of: build)
        case .modelpack: try ModelPack.manifest(of: build)
        case .ollama: try OllamaModel.manifest(of: build)
        }
    }
}

extension OCIDescriptor {
    /// The descriptor of a build's own file.
    init(_ record: BuildRecord, as mediaType: String, annotations: [String: String]? = nil) {
        self.init(
            mediaType: mediaType,
            digest: "sha256:\(record.digest)",
            size: record.fileBytes,
            annotations: annotations
        )
    }
}
