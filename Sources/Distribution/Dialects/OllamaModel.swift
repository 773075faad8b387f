import BinaryIO
import DeviceFit
import Foundation
import Registry

/// The form that Ollama pulls. Source: its code, types/model/config.go and server/images.go. It requests only Docker's
/// manifests; the chat template comes from the file.
enum OllamaModel {
    static let configType = "application/vnd.docker.container.image.v1+json"
    static let fileType = "application/vnd.ollama.image.model"
    static let projectorType = "application/vnd.ollama.image.projector"

    private struct Config: Codable {
        struct Files: Codable {
            var type = "layers"
            var diffIDs: [String]

            enum CodingKeys: String, CodingKey {
                case type
                case diffIDs = "diff_ids"
            }
        }
        var format = "gguf"
        var family: String
        var families: [String]
        var type: String
        var fileType: String
        // Fixed values, the same for every model; Ollama does not compare them with the machine.
        var architecture = "amd64"
        var system = "linux"
        var rootfs: Files

        enum CodingKeys: String, CodingKey {
            case architecture, rootfs
            case format = "model_format"
            case family = "model_family"
            case families = "model_families"
            case type = "model_type"
            case fileType = "file_type"
            case system = "os"
        }
    }

    static func manifest(of build: DescribedBuild) throws -> DialectManifest {
        var layers = [OCIDescriptor(build.record, as: fileType)]
        if let projector = build.projector { layers.append(OCIDescriptor(projector, as: projectorType)) }
        let family = build.profile?.architecture ?? "unknown"
        let config = Config(
            family: family,
            families: [family] + (build.projector == nil ? [] : ["clip"]),
            type: build.parameters ?? "",
            fileType: build.record.facts.quantType,
            rootfs: .init(diffIDs: layers.map(\.digest))
        )
        let bytes = try OCILayout.encode(config)
        return DialectManifest(
            config: (bytes, configType),
            manifest: OCIManifest(
                mediaType: OCIManifest.dockerType,
                config: OCIDescriptor(of: bytes, as: configType),
                layers: layers
            )
        )
    }
}
