import Architectures
import BinaryIO
import GGUF
import SystemPackage
import Tensors

/// What an estimate and an app need to know about a projector file.
public struct ProjectorProfile: Codable, Hashable, Sendable {
    /// The bytes of its tensors.
    public let bytes: Int
    /// The number of elements of its output embeddings.
    public let width: Int
    /// The part of the context that an image takes, in words; nil if it is not known.
    public let imageCost: String?
    /// The bytes of the engine's compute buffer; nil for kinds that are not supported yet, and in older registries.
    public let computeBytes: Int?
    /// The side of the picture that the compute buffer is for, in pixels.
    public let pictureSide: Int?
    /// The SHA-256 of its file and the type of its build, once both files are published as a pair.
    public private(set) var published: Published?

    /// The published file of a projector.
    public struct Published: Codable, Hashable, Sendable {
        /// The build's type, such as `mmproj-f16`; model and version are those of the language model.
        public let type: String
        /// The SHA-256 of the file.
        public let sha256: SHA256Digest
    }

    /// - Parameters:
    ///   - file: the projector.
    ///   - profile: the language model that it is loaded beside.
    ///   - model: the language model's file, for errors.
    /// - Throws: `GGUFError` and `ShapeError` if the file is not a projector; `DeviceFitError.invalidRequest` for the
    ///   projector of another model.
    public init(_ file: GGUFFile, beside profile: ModelProfile, of model: FilePath) throws {
        try self.init(file)
        guard width == profile.embeddingLength else {
            throw DeviceFitError.invalidRequest(
                "\(file.path) makes embeddings of \(width) elements, and those of \(model) have "
                    + "\(profile.embeddingLength): they are parts of different models. Give the projector of this model's "
                    + "checkpoint."
            )
        }
    }

    /// Reads the profile of a projector without its language model.
    /// - Throws: `GGUFError` and `ShapeError` if the file is not a projector.
    public init(_ file: GGUFFile) throws {
        let shape = try ProjectorShape(of: file)
        bytes = file.tensors.byteCount
        width = shape.width
        imageCost = shape.imageTokens?.description
        computeBytes = shape.tower.map(Self.computeBytes)
        pictureSide = shape.tower?.pictureSide
    }

    init(_ stored: StoredFields) throws {
        bytes = try stored.integer("bytes")
        width = try stored.integer("width")
        imageCost = try stored.optionalText("imageCost")
        computeBytes = try stored.optionalInteger("computeBytes")
        pictureSide = try stored.optionalInteger("pictureSide")
        published = try stored.fields("published") {
            guard let digest = SHA256Digest(hex: try $0.text("sha256")) else { throw StoredFields.Failure() }
            return Published(type: try $0.text("type"), sha256: digest)
        }
    }

    /// Returns the bytes of the engine's compute buffer, for the picture size that it reserves memory for when it loads
    /// the file.
    public static func computeBytes(of tower: ProjectorTower) -> Int { TowerGraph.bytes(tower) }

    /// The memory that it takes beside the language model, in bytes.
    public var memoryBytes: Int { bytes + (computeBytes ?? 0) }

    /// The parts of its memory, in words.
    public var memoryRemark: String {
        guard let computeBytes, let pictureSide else { return "\(ByteSize(bytes: bytes))" }
        return "\(ByteSize(bytes: memoryBytes)), of which \(ByteSize(bytes: computeBytes)) to see a picture of "
            + "\(pictureSide) x \(pictureSide) pixels"
    }

    /// A remark for users who choose a build.
    public var remark: String {
        "it takes images with \(published?.type ?? "a projector"), \(memoryRemark)"
            + (imageCost.map { "; \($0)" } ?? "")
    }

    /// Returns the profile of the projector as one of a published pair.
    public func published(as type: String, sha256: SHA256Digest) -> ProjectorProfile {
        var profile = self
        profile.published = Published(type: type, sha256: sha256)
        return profile
    }
}
