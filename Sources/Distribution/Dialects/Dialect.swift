import BinaryIO
import DeviceFit
import Foundation
import Registry

/// Whose clients a manifest is for. All of them name the same blob.
public enum Dialect: String, CaseIterable, Sendable, Codable {
    /// Docker Model Runner, llama.cpp's `--docker-repo`, oras, skopeo; the one that facts are attached to.
    case docker
    /// CNCF ModelPack.
    case modelpack
    /// Ollama.
    case ollama

    /// What a build's tag is: `1.0.0-q4_k_m`, and for the others with their name behind.
    func tag(of build: BuildName) -> String {
        let tag = "\(build.version)-\(build.type)".replacing("+", with: "_")
        return self == .docker ? tag : "\(tag)-\(rawValue)"
    }
}

/// What a manifest says of a build.
struct DescribedBuild {
    let record: BuildRecord
    /// nil for a projector, and in registries that know no shape.
    let profile: ModelProfile?
    /// What the model sees with.
    let projector: BuildRecord?

    init(_ record: BuildRecord, _ projector: BuildRecord?) {
        (self.record, self.projector) = (record, projector)
        profile = ModelProfile(stored: record.facts.profile)
    }

    /// What its files are called, without an ending.
    static func stem(_ name: BuildName) -> String { "\(name.model)-\(name.version)-\(name.type)" }

    var stem: String { Self.stem(record.name) }

    /// When it was published; the same for every push, so that the digest of a manifest is, too.
    var created: String { record.createdAt.formatted(.iso8601) }

    /// "1.24B", as docker writes it.
    var parameters: String? { profile.map { Self.short($0.parameterCount, places: 2) } }

    /// A count with three letters of SI behind a thousand: 1.24B.
    static func short(_ count: Int, places: Int) -> String {
        for (unit, size) in [("T", 1e12), ("B", 1e9), ("M", 1e6), ("K", 1e3)] where Double(count) >= size {
            return (Double(count) / size).formatted(places) + unit
        }
        return "\(count)"
    }

    /// The licence as SPDX writes it, where it is one of those that models come under.
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

/// A manifest with the small blobs that it names.
struct DialectManifest {
    /// Bytes and kind of the configuration.
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
    /// A build's own file.
    init(_ record: BuildRecord, as mediaType: String, annotations: [String: String]? = nil) {
        self.init(
            mediaType: mediaType,
            digest: "sha256:\(record.digest)",
            size: record.fileBytes,
            annotations: annotations
        )
    }
}
