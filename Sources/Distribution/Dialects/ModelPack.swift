import Architectures
import BinaryIO
import DeviceFit
import Foundation
import Registry

/// The form of CNCF ModelPack. Source: modelpack/model-spec, docs/spec.md, config.md and annotations.md. Its schema is
/// closed: only members named there are allowed.
enum ModelPack {
    static let artifactType = "application/vnd.cncf.model.manifest.v1+json"
    static let configType = "application/vnd.cncf.model.config.v1+json"
    static let fileType = "application/vnd.cncf.model.weight.v1.raw"

    private struct Config: Codable {
        struct Descriptor: Codable {
            var createdAt: String
            var family: String?
            var name: String
            var version: String
            var sourceURL: String?
            var licenses: [String]
        }
        struct Capabilities: Codable {
            var inputTypes: [String]
            var outputTypes: [String]
        }
        struct Model: Codable {
            var architecture = "transformer"
            var format = "gguf"
            var paramSize: String?
            var quantization: String
            var capabilities: Capabilities
        }
        struct Files: Codable {
            var type = "layers"
            var diffIds: [String]
        }
        var descriptor: Descriptor
        var config: Model
        var modelfs: Files
    }

    /// The name and attributes of a file, as in a tar header.
    private struct FileMetadata: Codable {
        var name: String
        var mode = 0o644
        var uid = 0
        var gid = 0
        var size: Int
        var mtime: String
        /// A regular file: the character 0.
        var typeflag = 48
    }

    private static func layer(_ record: BuildRecord, created: String) throws -> OCIDescriptor {
        let file = "\(DescribedBuild.stem(record.name)).gguf"
        let metadata = FileMetadata(name: file, size: record.fileBytes, mtime: created)
        return OCIDescriptor(
            record,
            as: fileType,
            annotations: [
                "org.cncf.model.filepath": file,
                "org.cncf.model.file.metadata+json": String(decoding: try OCILayout.encode(metadata), as: UTF8.self),
                "org.cncf.model.file.mediatype.untested": "false",
                OCIDescriptor.titleKey: file,
            ]
        )
    }

    static func manifest(of build: DescribedBuild) throws -> DialectManifest {
        let layers = try ([build.record] + (build.projector.map { [$0] } ?? [])).map {
            try layer($0, created: build.created)
        }
        let (record, profile) = (build.record, build.profile)
        let source = record.facts.sourceURI
        let config = Config(
            descriptor: .init(
                createdAt: build.created,
                family: profile?.architecture,
                name: record.name.model,
                version: "\(record.name.version)",
                sourceURL: url(source),
                licenses: [build.license]
            ),
            config: .init(
                paramSize: profile.map { DescribedBuild.short($0.parameterCount, places: 1).lowercased() },
                quantization: record.facts.quantType,
                capabilities: .init(
                    inputTypes: build.projector == nil ? ["text"] : ["text", "image"],
                    outputTypes: profile?.kind == .embedding ? ["embedding"] : ["text"]
                )
            ),
            modelfs: .init(diffIds: layers.map(\.digest))
        )
        let bytes = try OCILayout.encode(config)
        return DialectManifest(
            config: (bytes, configType),
            manifest: OCIManifest(
                artifactType: artifactType,
                config: OCIDescriptor(of: bytes, as: configType),
                layers: layers,
                annotations: build.annotations
            )
        )
    }

    /// The source as a web address; nil for a local path.
    private static func url(_ source: String) -> String? {
        if source.hasPrefix("https://") || source.hasPrefix("http://") { return source }
        guard source.hasPrefix("hf://") else { return nil }
        return "https://huggingface.co/\(source.dropFirst(5).prefix { $0 != "@" })"
    }
}
