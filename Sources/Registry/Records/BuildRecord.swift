import BinaryIO
import Foundation

/// How an object's bytes are stored on the disk. An object's name is the digest of its raw bytes, whatever the
/// encoding.
public enum ObjectEncoding: String, Codable, Sendable, CaseIterable {
    /// Uncompressed, because compression saved too little.
    case raw
    /// One zstd frame.
    case zstd
    /// A list of parts, which other objects may share; each part has its own encoding.
    case parts
}

/// The facts that the publisher states about a build.
public struct BuildFacts: Codable, Hashable, Sendable {
    /// The quantization as its format names it, such as `Q4_K_M`.
    public var quantType: String
    /// Bits per parameter: the size of the file's tensors divided by their parameters.
    public var bitsPerWeight: Double
    /// The origin of the model, such as `hf://microsoft/Phi-3-mini-4k-instruct`.
    public var sourceURI: String
    /// SHA-256 of the source checkpoint, if it is one file or has one canonical list to digest.
    public var sourceDigest: SHA256Digest?
    /// An SPDX identifier or the name that the source gives.
    public var license: String
    /// SHA-256 of the pipeline definition that made the build.
    public var pipelineDigest: SHA256Digest?
    /// The model's shape as JSON, for estimates; the registry does not interpret it.
    public var profile: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        quantType: String,
        bitsPerWeight: Double,
        sourceURI: String,
        sourceDigest: SHA256Digest? = nil,
        license: String,
        pipelineDigest: SHA256Digest? = nil,
        profile: String = "{}"
    ) {
        self.quantType = quantType
        self.bitsPerWeight = bitsPerWeight
        self.sourceURI = sourceURI
        self.sourceDigest = sourceDigest
        self.license = license
        self.pipelineDigest = pipelineDigest
        self.profile = profile
    }
}

/// A published build.
public struct BuildRecord: Codable, Hashable, Sendable {
    /// `model@version:type`
    public var name: BuildName
    /// SHA-256 of the file, which is also the name of its object.
    public var digest: SHA256Digest
    /// Size of the file, in bytes.
    public var fileBytes: Int
    /// Size on the registry's disk, in bytes.
    public var storedBytes: Int
    /// How the bytes are stored on the registry's disk.
    public var encoding: ObjectEncoding
    /// The facts that the publisher states.
    public var facts: BuildFacts
    /// The version of edgepipe that published it.
    public var toolVersion: String
    /// When it was published, to the millisecond.
    public var createdAt: Date

    /// Raw bytes per stored byte; 1.05 means that compression saved 5 of 105.
    public var compressionRatio: Double { storedBytes == 0 ? 1 : Double(fileBytes) / Double(storedBytes) }
}
