import Architectures
import BinaryIO
import GGUF
import SystemPackage
import Tensors

/// What an estimate, and who loads a model, need to know of the file that the model sees with.
public struct ProjectorProfile: Codable, Hashable, Sendable {
    /// Of its tensors.
    public let bytes: Int
    /// Elements of the embeddings that it makes.
    public let width: Int
    /// What an image takes of the context, in words; nil where that is not known.
    public let imageCost: String?
    /// What an engine reserves to compute with, in bytes; nil for kinds that are not known so far, and in older registries.
    public let computeBytes: Int?
    /// Pixels of a side of the picture that this is for.
    public let pictureSide: Int?
    /// The SHA-256 of its file and the type of its build, once both are published as a pair.
    public private(set) var published: Published?

    /// Where the other half of a pair is.
    public struct Published: Codable, Hashable, Sendable {
        /// The build's type, such as `mmproj-f16`; model and version are those of the model that sees with it.
        public let type: String
        /// Of the file.
        public let sha256: SHA256Digest
    }

    /// - Parameters:
    ///   - file: the projector.
    ///   - profile: the language model that it is loaded beside.
    ///   - model: the language model's file, for errors.
    /// - Throws: `GGUFError` and `ShapeError` for a file that is no projector; `DeviceFitError.invalidRequest` for one of
    ///   another model.
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

    /// The same of a projector by itself.
    /// - Throws: `GGUFError` and `ShapeError` for a file that is no projector.
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

    /// Bytes that an engine reserves to compute with, for the picture that it makes room for when it loads the file.
    public static func computeBytes(of tower: ProjectorTower) -> Int { TowerGraph.bytes(tower) }

    /// What it takes beside the language model, in bytes.
    public var memoryBytes: Int { bytes + (computeBytes ?? 0) }

    /// Where its memory goes, in words.
    public var memoryRemark: String {
        guard let computeBytes, let pictureSide else { return "\(ByteSize(bytes: bytes))" }
        return "\(ByteSize(bytes: memoryBytes)), of which \(ByteSize(bytes: computeBytes)) to see a picture of "
            + "\(pictureSide) x \(pictureSide) pixels"
    }

    /// What somebody who chooses a build should know of it.
    public var remark: String {
        "it takes images with \(published?.type ?? "a projector"), \(memoryRemark)"
            + (imageCost.map { "; \($0)" } ?? "")
    }

    /// The same, as the other half of a pair.
    public func published(as type: String, sha256: SHA256Digest) -> ProjectorProfile {
        var profile = self
        profile.published = Published(type: type, sha256: sha256)
        return profile
    }
}
