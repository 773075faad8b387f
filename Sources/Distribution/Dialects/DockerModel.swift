import BinaryIO
import DeviceFit
import Foundation
import Registry

/// The form that Docker's model runner accepts. Source: its code, pkg/distribution/types, where it differs from the
/// published specification.
enum DockerModel {
    static let configType = "application/vnd.docker.ai.model.config.v0.1+json"
    static let fileType = "application/vnd.docker.ai.gguf.v3"
    static let projectorType = "application/vnd.docker.ai.mmproj"
    static let pathKey = "org.cncf.model.filepath"

    struct Config: Codable {
        struct Model: Codable {
            var format = "gguf"
            var quantization: String
            var parameters: String?
            var architecture: String?
            var size: String?
            var gguf: [String: String]?
            var contextSize: Int?

            enum CodingKeys: String, CodingKey {
                case format, quantization, parameters, architecture, size, gguf
                case contextSize = "context_size"
            }
        }
        struct Files: Codable {
            var type = "rootfs"
            // The specification's spelling.
            var diffIDs: [String]

            enum CodingKeys: String, CodingKey {
                case type
                case diffIDs = "diff_ids"
            }
        }
        var config: Model
        var descriptor: [String: String]
        var rootfs: Files
    }

    static func layer(_ record: BuildRecord) -> OCIDescriptor {
        let file = "\(DescribedBuild.stem(record.name)).gguf"
        return OCIDescriptor(
            record,
            as: record.name.isProjector ? projectorType : fileType,
            annotations: [OCIDescriptor.titleKey: file, pathKey: file]
        )
    }

    static func config(of build: DescribedBuild, layers: [OCIDescriptor]) -> Config {
        let profile = build.profile
        return Config(
            config: .init(
                quantization: build.record.facts.quantType,
                parameters: build.parameters,
                architecture: profile?.architecture,
                size: "\((Double(build.record.fileBytes) / 1_048_576).formatted(2))MiB",
                gguf: profile.map { ["general.architecture": $0.architecture] },
                contextSize: profile?.contextLength
            ),
            descriptor: ["created": build.created],
            rootfs: .init(diffIDs: layers.map(\.digest))
        )
    }

    static func manifest(of build: DescribedBuild) throws -> DialectManifest {
        let layers = [layer(build.record)] + (build.projector.map { [layer($0)] } ?? [])
        let config = try OCILayout.encode(config(of: build, layers: layers))
        return DialectManifest(
            config: (config, configType),
            manifest: OCIManifest(
                config: OCIDescriptor(of: config, as: configType),
                layers: layers,
                annotations: build.annotations
            )
        )
    }
}
